const cellsPerSide = 128

/** Finds the point under the pointer without looking at all of them. */
export class PointGrid {
  readonly #places: Float32Array
  readonly #cells: number[][] = Array.from({ length: cellsPerSide ** 2 }, () => [])

  /** @param places two numbers from 0 to 1 for each point */
  constructor(places: Float32Array) {
    this.#places = places
    for (let point = 0; point < places.length / 2; point++) {
      const [column, row] = [cell(places[point * 2] as number), cell(places[point * 2 + 1] as number)]
      this.#cells[row * cellsPerSide + column]?.push(point)
    }
  }

  /** The point nearest to (x, y), at most `radius` away, among those that `accept` takes. */
  nearest(x: number, y: number, radius: number, accept: (point: number) => boolean): number | undefined {
    let best: number | undefined
    let bestSquared = radius * radius
    for (let row = cell(y - radius); row <= cell(y + radius); row++) {
      for (let column = cell(x - radius); column <= cell(x + radius); column++) {
        for (const point of this.#cells[row * cellsPerSide + column] ?? []) {
          const dx = (this.#places[point * 2] as number) - x
          const dy = (this.#places[point * 2 + 1] as number) - y
          const squared = dx * dx + dy * dy
          if (squared > bestSquared || !accept(point)) continue
          best = point
          bestSquared = squared
        }
      }
    }
    return best
  }
}

function cell(coordinate: number): number {
  return Math.max(0, Math.min(cellsPerSide - 1, Math.floor(coordinate * cellsPerSide)))
}
