/** A point that was found, with its cosine distance. */
export interface PageHit {
  readonly point: number
  readonly distance: number
}

/** Finds nearest points by comparing all of them; their vectors are rounded to a signed byte per value. */
export class Neighbors {
  readonly #codes: Int8Array
  readonly #dimension: number
  readonly #lengths: Float32Array

  constructor(codes: Int8Array, dimension: number) {
    this.#codes = codes
    this.#dimension = dimension
    this.#lengths = Float32Array.from({ length: codes.length / dimension }, (_, point) =>
      Math.sqrt(this.#row(point).reduce((sum, code) => sum + code * code, 0)),
    )
  }

  /** The points nearest to a stored one, without itself. */
  ofPoint(point: number, count: number): PageHit[] {
    return this.nearest(Float32Array.from(this.#row(point)), count + 1)
      .filter((hit) => hit.point !== point)
      .slice(0, count)
  }

  /** The points nearest to `query`, nearest first, equal distances by number; none for a query of zeros. */
  nearest(query: Float32Array, count: number): PageHit[] {
    const queryLength = Math.sqrt(query.reduce((sum, value) => sum + value * value, 0))
    if (queryLength === 0) return []
    const found: PageHit[] = []
    for (let point = 0; point < this.#lengths.length; point++) {
      const distance = 1 - this.#dot(query, point) / (queryLength * (this.#lengths[point] as number) || 1)
      if (found.length === count && distance >= (found[count - 1] as PageHit).distance) continue
      let rank = found.length
      while (rank > 0 && distance < (found[rank - 1] as PageHit).distance) rank--
      found.splice(rank, 0, { point, distance })
      if (found.length > count) found.pop()
    }
    return found
  }

  #dot(query: Float32Array, point: number): number {
    const start = point * this.#dimension
    let sum = 0
    for (let axis = 0; axis < this.#dimension; axis++) {
      sum += (query[axis] as number) * (this.#codes[start + axis] as number)
    }
    return sum
  }

  #row(point: number): Int8Array {
    return this.#codes.subarray(point * this.#dimension, (point + 1) * this.#dimension)
  }
}
