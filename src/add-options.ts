import { signalOption } from './abort.ts'
import { functionOption, readOptions } from './option-reader.ts'
import type { AddProgress } from './progress.ts'

/** Options of `add` and `upsert`. */
export interface AddOptions {
  /** Abandons the call: it rejects with `ABORTED` and leaves nothing of its batch behind. */
  readonly signal?: AbortSignal | undefined
  /**
   * Called about every 100 ms, and once at the end with `insertedCount === totalCount`. If it throws, the call
   * is cancelled and rejects with what was thrown; thrown too late for that, as by the last report, the batch is in the index.
   */
  readonly onProgress?: ((progress: AddProgress) => void) | undefined
}

const names = ['signal', 'onProgress'] as const

/** Reads the options of `add` or `upsert`. @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function readAddOptions(options: unknown): AddOptions {
  const { signal, onProgress } = readOptions(options, names)
  return { signal: signalOption(signal), onProgress: functionOption('onProgress', onProgress) }
}
