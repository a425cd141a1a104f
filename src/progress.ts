import { performance } from 'node:perf_hooks'

/** How far an `add` or `upsert` has come. */
export interface AddProgress {
  /** Vectors inserted so far; 0 while the batch is still being copied. */
  readonly insertedCount: number
  /** Vectors in the batch. */
  readonly totalCount: number
  /** Milliseconds since the call. */
  readonly elapsedMs: number
  /** `insertedCount` per second of `elapsedMs`. */
  readonly vectorsPerSecond: number
}

const intervalMs = 100

/** Reports the progress of one operation on a timer until it is stopped or finished. */
export class ProgressReports {
  readonly #report: (progress: AddProgress) => void
  readonly #totalCount: number
  readonly #startMs = performance.now()
  readonly #timer: NodeJS.Timeout
  #failure: { readonly error: unknown } | undefined

  /**
   * @param insertedCount Asked on every tick.
   * @param onFailure Called once if `report` throws; there are no more reports then.
   */
  constructor(
    report: (progress: AddProgress) => void,
    totalCount: number,
    insertedCount: () => number,
    onFailure: () => void,
  ) {
    this.#report = report
    this.#totalCount = totalCount
    this.#timer = setInterval(() => {
      const count = insertedCount()
      // The report of the whole count is the one that `finish` makes.
      if (count >= totalCount) return
      try {
        this.#send(count)
      } catch (error) {
        this.#failure = { error }
        this.stop()
        onFailure()
      }
    }, intervalMs)
    this.#timer.unref()
  }

  /** Throws what a report threw, if one did. */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Makes the last report; what the callback throws is thrown on. */
  finish(): void {
    this.stop()
    this.throwFailure()
    this.#send(this.#totalCount)
  }

  #send(insertedCount: number): void {
    const elapsedMs = performance.now() - this.#startMs
    const vectorsPerSecond = elapsedMs > 0 ? (insertedCount / elapsedMs) * 1000 : 0
    this.#report({ insertedCount, totalCount: this.#totalCount, elapsedMs, vectorsPerSecond })
  }
}
