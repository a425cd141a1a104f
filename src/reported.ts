import { AbortWatch } from './abort.ts'
import type { NativeAddon, NativeCancelToken } from './native/addon.ts'
import type { AnyReports } from './progress.ts'

/** Native work under way that can say how far it has come. */
interface Running<Result, Counts> {
  readonly finished: Promise<Result>
  progress(): Counts
}

/** How work is watched; `dispose` gives back what it came to, where the last report fails. */
interface Watch<Result, Progress, Counts> {
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: Progress) => void) | undefined
  readonly Reports: new (
    report: (progress: Progress) => void,
    counts: () => Counts | undefined,
    onFailure: () => void,
  ) => AnyReports
  readonly dispose?: (result: Result) => Promise<void>
}

/** Runs native work that its signal, or a report that throws, abandons. @throws what the report threw, or a `SegvecError`. */
export async function reported<Result, Progress, Counts>(
  addon: NativeAddon,
  operation: string,
  { signal, onProgress, Reports, dispose }: Watch<Result, Progress, Counts>,
  start: (token: NativeCancelToken | undefined) => Running<Result, Counts>,
): Promise<Result> {
  const abort = new AbortWatch(signal, operation)
  const token = signal || onProgress ? new addon.CancelToken() : undefined
  let running: Running<Result, Counts> | undefined
  const cancel = () => token?.cancel()
  const reports = onProgress && new Reports(onProgress, () => running?.progress(), cancel)
  abort.onAbort(cancel)
  try {
    let result: Result
    try {
      running = start(token)
      result = await running.finished
    } catch (error) {
      reports?.throwFailure()
      throw abort.fromNative(error)
    }
    try {
      await reports?.finish()
    } catch (error) {
      await dispose?.(result)
      throw error
    }
    return result
  } finally {
    reports?.stop()
    abort.dispose()
  }
}
