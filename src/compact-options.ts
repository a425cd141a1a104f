import { signalOption } from './abort.ts'
import { functionOption, readOptions } from './option-reader.ts'
import type { CompactProgress } from './progress.ts'

/** Options of `compact`. */
export interface CompactOptions {
  /** Abandons the compaction: it rejects with `ABORTED` and leaves the index as it was. */
  readonly signal?: AbortSignal | undefined
  /**
   * Called about every 100 ms, and once at the end with `mergedCount === totalCount`. If it throws, the compaction is
   * cancelled and rejects with what was thrown; thrown too late for that, as by the last report, it has been done.
   */
  readonly onProgress?: ((progress: CompactProgress) => void) | undefined
}

const names = ['signal', 'onProgress'] as const

/** Reads the options of `compact`. @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function readCompactOptions(options: unknown): CompactOptions {
  const { signal, onProgress } = readOptions(options, names)
  return { signal: signalOption(signal), onProgress: functionOption('onProgress', onProgress) }
}
