import type { Metric } from 'segvec'

/** A distance in double precision, straight from the metric's definition: the slow truth to compare with. */
export function referenceDistance(metric: Metric, a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0
  let squares = 0
  let squaresOfA = 0
  let squaresOfB = 0
  for (let position = 0; position < a.length; ++position) {
    const x = a[position] as number
    const y = b[position] as number
    dot += x * y
    squares += (x - y) ** 2
    squaresOfA += x * x
    squaresOfB += y * y
  }
  if (metric === 'l2') return squares
  return metric === 'ip' ? 1 - dot : 1 - dot / Math.sqrt(squaresOfA * squaresOfB)
}

/** The rows nearest to a query, by ascending distance, equal distances by ascending row. */
export function referenceSearch(
  metric: Metric,
  vectors: Float32Array,
  query: ArrayLike<number>,
  k: number,
): { readonly row: number; readonly distance: number }[] {
  const dimension = query.length
  const found = Array.from({ length: vectors.length / dimension }, (_, row) => {
    const vector = vectors.subarray(row * dimension, (row + 1) * dimension)
    return { row, distance: referenceDistance(metric, query, vector) }
  })
  return found.sort((a, b) => a.distance - b.distance || a.row - b.row).slice(0, k)
}
