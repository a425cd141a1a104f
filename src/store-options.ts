import { signalOption } from './abort.ts'
import { readOptions } from './option-reader.ts'

/** Options of `commit`, `save`, `refresh`, `toBuffer` and `inspect`. */
export interface StoreOptions {
  /**
   * Abandons the operation: it rejects with `ABORTED`, and what the directory holds is as it was. A directory that `save` has made
   * may stay, with nothing but a `LOCK` in it.
   */
  readonly signal?: AbortSignal | undefined
}

/** @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function readStoreOptions(options: unknown): StoreOptions {
  return { signal: signalOption(readOptions(options, ['signal']).signal) }
}
