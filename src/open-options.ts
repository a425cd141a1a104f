import { resolve } from 'node:path'
import { signalOption } from './abort.ts'
import { SegvecError } from './errors.ts'
import type { IdType } from './ids.ts'
import { type IndexOptions, indexOptionNames, settingsOf } from './index-options.ts'
import type { NativeOpenOptions } from './native/addon.ts'
import { booleanOption, choiceOption, functionOption, type RawOptions, readOptions } from './option-reader.ts'
import { pathOf } from './path.ts'
import type { OpenProgress } from './progress.ts'

/**
 * Options of `VectorIndex.open`. Those of the index itself have to be the ones that it was made with; those left out are
 * the index's own, but `idType`, which then is `'number'`, and `threads` and `compaction`, which are not stored. Only a new
 * index needs `dimension`.
 */
export interface OpenOptions<T extends IdType = 'number'> extends Partial<IndexOptions<T>> {
  /**
   * Takes no lock, changes nothing and sees what has been committed; `refresh()` moves on. False if left out. Which vector is
   * under which id is put in order in the background, a second after opening; a `has` or `get` before that waits for it.
   */
  readonly readOnly?: boolean | undefined
  /**
   * `'memory'` (if left out) reads and checks all files. `'mmap'` maps them, which shares the memory between processes and
   * takes milliseconds; it needs `readOnly`, and files that nobody cuts short while they are mapped.
   */
  readonly load?: 'memory' | 'mmap' | undefined
  /**
   * `'previous'` opens the newest generation that is whole if the newest of all is damaged, and of a damaged log what comes
   * before the damage; `stats().storage.dropped` says what was passed over. Without it, damage is an error.
   */
  readonly recover?: 'previous' | undefined
  /**
   * `'commit'` (if left out): `commit()` makes durable what was added and removed before it. `'log'`: each `add`, `upsert` and
   * `remove` is durable on its own once it resolves, and is there again after a crash without a commit; calls that wait
   * share a sync of the disk. What a log holds is replayed by either. One that rejects with `IO`, because the disk could not sync it,
   * may be there all the same after a reopening, unless a change or a commit has come after it. Not with `readOnly`: readers see commits.
   */
  readonly durability?: 'commit' | 'log' | undefined
  /** Abandons the opening. */
  readonly signal?: AbortSignal | undefined
  /** Called about every 100 ms, and once at the end. If it throws, the opening is cancelled and rejects with what was thrown. */
  readonly onProgress?: ((progress: OpenProgress) => void) | undefined
}

/**
 * Options of `VectorIndex.fromBuffer`: those of the index itself have to be the ones that it was made with, and are its own
 * where they are left out, but `idType`, which then is `'number'`.
 */
export interface FromBufferOptions<T extends IdType = 'number'> extends Partial<IndexOptions<T>> {
  /** Abandons it. */
  readonly signal?: AbortSignal | undefined
}

const loads = ['memory', 'mmap'] as const
const durabilities = ['commit', 'log'] as const
const recoveries = ['previous'] as const
const names = [
  ...indexOptionNames,
  'readOnly',
  'load',
  'recover',
  'durability',
  'signal',
  'onProgress',
] as const

/** Reads the options of `open`. @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function readOpenOptions(options: unknown): {
  native: NativeOpenOptions
  signal: AbortSignal | undefined
  onProgress: OpenOptions['onProgress']
} {
  const raw = readOptions(options, names)
  const readOnly = booleanOption('readOnly', raw.readOnly, false)
  const mapped = choiceOption('load', raw.load, loads, 'memory') === 'mmap'
  if (mapped && !readOnly) {
    throw new SegvecError('INVALID_ARGUMENT', 'load is "mmap"; expected readOnly: true beside it')
  }
  const logsChanges = choiceOption('durability', raw.durability, durabilities, 'commit') === 'log'
  if (logsChanges && readOnly) {
    throw new SegvecError('INVALID_ARGUMENT', 'durability is "log"; expected "commit" beside readOnly: true')
  }
  const settings = givenSettings(raw)
  const recoverPrevious =
    raw.recover !== undefined && choiceOption('recover', raw.recover, recoveries, 'previous') === 'previous'
  return {
    native: Object.freeze({ ...settings, readOnly, mapped, recoverPrevious, logsChanges }),
    signal: signalOption(raw.signal),
    onProgress: functionOption('onProgress', raw.onProgress),
  }
}

/** Reads the options of `fromBuffer`. @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function readFromBufferOptions(
  options: unknown,
): Omit<ReturnType<typeof readOpenOptions>, 'onProgress'> {
  const raw = readOptions(options, [...indexOptionNames, 'signal'])
  const settings = givenSettings(raw)
  return {
    native: Object.freeze({
      ...settings,
      readOnly: false,
      mapped: false,
      recoverPrevious: false,
      logsChanges: false,
    }),
    signal: signalOption(raw.signal),
  }
}

/** The options of the index itself, and which of them the caller has given. */
function givenSettings(raw: RawOptions<(typeof indexOptionNames)[number]>) {
  const given = indexOptionNames.filter((name) => name === 'idType' || raw[name] !== undefined)
  // Without a dimension any will do: it is not among those given.
  return { ...settingsOf({ ...raw, dimension: raw.dimension ?? 1 }), given }
}

/** Checks a directory's name and makes it absolute. @throws {SegvecError} `INVALID_ARGUMENT`, `IO` where there is no working directory. */
export function directoryPath(directory: unknown): string {
  const path = pathOf(directory, 'directory')
  try {
    return resolve(path)
  } catch (cause) {
    const { message, syscall, errno } = cause as NodeJS.ErrnoException
    throw new SegvecError('IO', `${path}: ${message}`, { cause, syscall, path, errno })
  }
}
