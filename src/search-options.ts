import { signalOption } from './abort.ts'
import { describe } from './describe.ts'
import { SegvecError } from './errors.ts'
import { booleanOption, integerOption, readOptions } from './option-reader.ts'

/** Options of `searchSync`. */
export interface SearchSyncOptions {
  /** How many nearest vectors to find, at least 1; 10 if left out. More than there are is fine: all are found. */
  readonly k?: number | undefined
  /**
   * Beam width of the search over the whole index: larger is slower and finds more of the true neighbors. At
   * least 1; `max(k, 64)` if left out, and never less than `k`.
   */
  readonly ef?: number | undefined
  /**
   * Instead of `ef`: the mean share of the `k` nearest that searches are to find, above 0 and below 1, such as 0.95. The
   * index calibrates which `ef` that takes, on vectors of its own: the first search waits for it, later ones do not, and
   * `searchSync` never does; until then it takes an `ef` that is wide enough on most data.
   */
  readonly recall?: number | undefined
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
  /** Counts only without `recall`. */
  readonly ef: number
  readonly recall: number | undefined
  readonly exact: boolean
  readonly signal: AbortSignal | undefined
}

const syncNames = ['k', 'ef', 'recall', 'exact'] as const
const names = [...syncNames, 'signal'] as const

const evaluateNames = ['k', 'ef', 'recall', 'signal'] as const

const defaultK = 10
const defaultEf = 64
// No index holds more vectors, and the native side counts in 32 bits.
const mostVectors = 2 ** 31 - 1

const defaultSettings: SearchSettings = Object.freeze({
  k: defaultK,
  ef: defaultEf,
  recall: undefined,
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
  raw: { readonly k?: unknown; readonly ef?: unknown; readonly recall?: unknown; readonly exact?: unknown },
  signal: AbortSignal | undefined,
): SearchSettings {
  const k = integerOption('k', raw.k, 1, Number.MAX_SAFE_INTEGER, defaultK)
  const ef = integerOption('ef', raw.ef, 1, Number.MAX_SAFE_INTEGER, defaultEf)
  const exact = booleanOption('exact', raw.exact)
  const recall = recallOption(raw.recall)
  const other = raw.ef !== undefined ? 'ef' : 'exact'
  if (recall !== undefined && (raw.ef !== undefined || exact)) {
    throw new SegvecError('INVALID_ARGUMENT', `recall and ${other} are both given; expected one of them`)
  }
  return {
    k: Math.min(k, mostVectors),
    ef: Math.min(Math.max(ef, k), mostVectors),
    recall,
    exact,
    signal,
  }
}

function recallOption(value: unknown): number | undefined {
  if (value === undefined || (typeof value === 'number' && value > 0 && value < 1)) return value
  const hint = value === 1 ? " ('exact: true' finds all)" : ''
  throw new SegvecError(
    'INVALID_ARGUMENT',
    `recall is ${describe(value)}; expected a number above 0 and below 1${hint}`,
  )
}
