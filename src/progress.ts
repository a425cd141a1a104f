import { performance } from 'node:perf_hooks'
import { types } from 'node:util'

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

/** How far a `compact` has come. */
export interface CompactProgress {
  /** Vectors in place so far. */
  readonly mergedCount: number
  /** Vectors of the segments that are merged; 0 while it waits for its turn, or if there is nothing to do. */
  readonly totalCount: number
  /** Milliseconds since `compact` was called. */
  readonly elapsedMs: number
}

/** How far an `open` has come. */
export interface OpenProgress {
  /** Vectors that are in place, and vectors and removals that have been replayed from the log. */
  readonly loadedCount: number
  /** Both in all: more once the log has been read, 0 until the index has been found. */
  readonly totalCount: number
  /** Milliseconds since the call. */
  readonly elapsedMs: number
}

/** How far a `verify` has come. */
export interface VerifyProgress {
  /** Bytes of files that have been read and checked. */
  readonly checkedBytes: number
  /** Bytes of all files that belong to a generation; 0 until they have been counted. */
  readonly totalBytes: number
  /** Milliseconds since the call. */
  readonly elapsedMs: number
}

const intervalMs = 100

/** Reports the progress of one operation on a timer until it is stopped or finished. */
export class Reports<Progress> {
  readonly #report: (progress: Progress) => void
  readonly #measure: (elapsedMs: number, isLast: boolean) => Progress | undefined
  readonly #startMs = performance.now()
  readonly #timer: NodeJS.Timeout
  readonly #onFailure: () => void
  #failure: { readonly error: unknown } | undefined

  /**
   * @param measure Asked on every tick, and once more at the end; `undefined` if there is nothing to report.
   * @param onFailure Called if `report` throws, or its promise rejects; there are no more reports then.
   */
  constructor(
    report: (progress: Progress) => void,
    measure: (elapsedMs: number, isLast: boolean) => Progress | undefined,
    onFailure: () => void,
  ) {
    this.#report = report
    this.#measure = measure
    this.#onFailure = onFailure
    this.#timer = setInterval(() => {
      try {
        const sent: unknown = this.#send(false)
        // An async callback is not waited for, but its failure must not be nobody's.
        if (types.isPromise(sent)) sent.catch((error) => this.#fail(error))
      } catch (error) {
        this.#fail(error)
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

  /**
   * Makes the last report; what the callback throws is thrown on.
   *
   * @returns Where the callback is async, what it comes to.
   */
  finish(): Promise<void> | undefined {
    this.stop()
    this.throwFailure()
    const sent: unknown = this.#send(true)
    return types.isPromise(sent) ? sent.then(() => this.throwFailure()) : undefined
  }

  #send(isLast: boolean): unknown {
    const progress = this.#measure(performance.now() - this.#startMs, isLast)
    return progress === undefined ? undefined : this.#report(progress)
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.stop()
    this.#onFailure()
  }
}

/** Reports of whatever kind, to whom it does not matter what they say. */
export type AnyReports = Pick<Reports<unknown>, 'throwFailure' | 'stop' | 'finish'>

/** The reports of an `add`. */
export class ProgressReports extends Reports<AddProgress> {
  /** @param insertedCount Asked on every tick. */
  constructor(
    report: (progress: AddProgress) => void,
    totalCount: number,
    insertedCount: () => number,
    onFailure: () => void,
  ) {
    const measure = (elapsedMs: number, isLast: boolean) => {
      const count = isLast ? totalCount : insertedCount()
      // The report of the whole count is the last one.
      if (!isLast && count >= totalCount) return undefined
      const vectorsPerSecond = elapsedMs > 0 ? (count / elapsedMs) * 1000 : 0
      return { insertedCount: count, totalCount, elapsedMs, vectorsPerSecond }
    }
    super(report, measure, onFailure)
  }
}

/** The reports of a `compact`. */
export class CompactReports extends Reports<CompactProgress> {
  /** @param counts Asked on every tick; `undefined` until the compaction has been handed over. */
  constructor(
    report: (progress: CompactProgress) => void,
    counts: () => { readonly mergedCount: number; readonly totalCount: number } | undefined,
    onFailure: () => void,
  ) {
    const measure = (elapsedMs: number, isLast: boolean) => {
      const { mergedCount, totalCount } = counts() ?? { mergedCount: 0, totalCount: 0 }
      if (!isLast && totalCount > 0 && mergedCount >= totalCount) return undefined
      return { mergedCount: isLast ? totalCount : mergedCount, totalCount, elapsedMs }
    }
    super(report, measure, onFailure)
  }
}

/** The reports of a `verify`. */
export class VerifyReports extends Reports<VerifyProgress> {
  /** @param counts Asked on every tick; `undefined` until the verification has begun. */
  constructor(
    report: (progress: VerifyProgress) => void,
    counts: () => { readonly checkedBytes: number; readonly totalBytes: number } | undefined,
    onFailure: () => void,
  ) {
    const measure = (elapsedMs: number, isLast: boolean) => {
      const { checkedBytes, totalBytes } = counts() ?? { checkedBytes: 0, totalBytes: 0 }
      if (!isLast && totalBytes > 0 && checkedBytes >= totalBytes) return undefined
      return { checkedBytes, totalBytes, elapsedMs }
    }
    super(report, measure, onFailure)
  }
}

/** The reports of an `open`. */
export class OpenReports extends Reports<OpenProgress> {
  /** @param counts Asked on every tick; `undefined` until the opening has begun. */
  constructor(
    report: (progress: OpenProgress) => void,
    counts: () => { readonly loadedCount: number; readonly totalCount: number } | undefined,
    onFailure: () => void,
  ) {
    const measure = (elapsedMs: number, isLast: boolean) => {
      const { loadedCount, totalCount } = counts() ?? { loadedCount: 0, totalCount: 0 }
      if (!isLast && totalCount > 0 && loadedCount >= totalCount) return undefined
      return { loadedCount: isLast ? totalCount : loadedCount, totalCount, elapsedMs }
    }
    super(report, measure, onFailure)
  }
}
