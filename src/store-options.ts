import { signalOption } from './abort.ts'
import { readOptions } from './option-reader.ts'

/** Options of `commit`, `save`, `refresh`, `toBuffer` and `inspect`. */
export interface StoreOptions {
  /** Abandons the operation: it rejects with `ABORTED`, and the directory is as it was. */
  readonly signal?: AbortSignal | undefined
}

/** @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function readStoreOptions(options: unknown): StoreOptions {
  return { signal: signalOption(readOptions(options, ['signal']).signal) }
}
