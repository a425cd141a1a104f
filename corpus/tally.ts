/** Counts occurrences by bucket. Visits go in the order of first occurrence, so sums over them are reproducible. */
export class Tally {
  readonly #counts: Float32Array
  readonly #touched: number[] = []

  constructor(bucketCount: number) {
    this.#counts = new Float32Array(bucketCount)
  }

  add(bucket: number, amount: number): void {
    const count = this.#counts[bucket] as number
    if (count === 0) this.#touched.push(bucket)
    this.#counts[bucket] = count + amount
  }

  /** Calls `visit` for each bucket that was added to. */
  each(visit: (bucket: number, count: number) => void): void {
    for (const bucket of this.#touched) visit(bucket, this.#counts[bucket] as number)
  }

  clear(): void {
    for (const bucket of this.#touched) this.#counts[bucket] = 0
    this.#touched.length = 0
  }
}
