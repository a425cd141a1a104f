import { signalOption } from './abort.ts'
import { readOptions } from './option-reader.ts'

/** Options of `remove`. */
export interface RemoveOptions {
  /** Abandons the call: it rejects with `ABORTED` and removes nothing. */
  readonly signal?: AbortSignal | undefined
}

/** Reads the options of `remove`. @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function readRemoveOptions(options: unknown): RemoveOptions {
  return { signal: signalOption(readOptions(options, ['signal']).signal) }
}
