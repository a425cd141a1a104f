import { signalOption } from './abort.ts'
import { booleanOption, integerOption, readOptions } from './option-reader.ts'

/** Options of `searchSync`. */
export interface SearchSyncOptions {
  /** How many nearest vectors to find, at least 1; 10 if left out. More than there are is fine: all are found. */
  readonly k?: number | undefined
  /**
   * Beam width of the search over the whole index: larger is slower and finds more of the true neighbours. At
   * least 1; `max(k, 64)` if left out, and never less than `k`.
   */
  readonly ef?: number | undefined
  /** Compares the query with every vector, so that the result is exact; `ef` is ignored then. */
  readonly exact?: boolean | undefined
}

/** Options of `search` and `searchBatch`. */
export interface SearchOptions extends SearchSyncOptions {
  /** Abandons the search: it rejects with `ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/** Options of `evaluate`. */
export type EvaluateOptions = Omit<SearchOptions, 'exact'>

/** Search options with every value checked and filled in. */
export interface SearchSettings {
  readonly k: number
  readonly ef: number
  readonly exact: boolean
  readonly signal: AbortSignal | undefined
}

const syncNames = ['k', 'ef', 'exact'] as const
const names = [...syncNames, 'signal'] as const

const evaluateNames = ['k', 'ef', 'signal'] as const

const defaultK = 10
const defaultEf = 64
// No index holds more vectors, and the native side counts in 32 bits.
const mostVectors = 2 ** 31 - 1

const defaultSettings: SearchSettings = Object.freeze({
  k: defaultK,
  ef: defaultEf,
  exact: false,
  signal: undefined,
})

/** Reads the options of `searchSync`. @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function readSearchSyncOptions(options: unknown): SearchSettings {
  return options === undefined ? defaultSettings : settingsOf(readOptions(options, syncNames), undefined)
}

/** Reads the options of `search` and `searchBatch`. @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function readSearchOptions(options: unknown): SearchSettings {
  if (options === undefined) return defaultSettings
  const raw = readOptions(options, names)
  return settingsOf(raw, signalOption(raw.signal))
}

/** Reads the options of `evaluate`. @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function readEvaluateOptions(options: unknown): SearchSettings {
  if (options === undefined) return defaultSettings
  const raw = readOptions(options, evaluateNames)
  return settingsOf(raw, signalOption(raw.signal))
}

function settingsOf(
  raw: { readonly k?: unknown; readonly ef?: unknown; readonly exact?: unknown },
  signal: AbortSignal | undefined,
): SearchSettings {
  const k = integerOption('k', raw.k, 1, Number.MAX_SAFE_INTEGER, defaultK)
  const ef = integerOption('ef', raw.ef, 1, Number.MAX_SAFE_INTEGER, defaultEf)
  return {
    k: Math.min(k, mostVectors),
    ef: Math.min(Math.max(ef, k), mostVectors),
    exact: booleanOption('exact', raw.exact),
    signal,
  }
}
