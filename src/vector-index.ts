import { setImmediate as nextTick } from 'node:timers/promises'
import { types } from 'node:util'
import { AbortWatch, abortable } from './abort.ts'
import { type AddOptions, readAddOptions } from './add-options.ts'
import { isList } from './arrays.ts'
import { assertResultFits, searchInChunks } from './batch-search.ts'
import { ByteReader, bytesOf } from './bundle.ts'
import { type CompactOptions, readCompactOptions } from './compact-options.ts'
import type { DirectoryReport } from './directory-report.ts'
import { fromNative, SegvecError } from './errors.ts'
import { type Evaluation, evaluateSearches } from './evaluate.ts'
import { IdRestoration } from './id-restoration.ts'
import {
  assertCountFits,
  checkedId,
  type Id,
  IdReader,
  type Ids,
  type IdType,
  idList,
  isSingleId,
} from './ids.ts'
import { InFlight } from './in-flight.ts'
import {
  type IdTypeOption,
  type IndexOptions,
  type IndexSettings,
  readIndexOptions,
} from './index-options.ts'
import type {
  NativeAddon,
  NativeCancelToken,
  NativeCompaction,
  NativeCursor,
  NativeIndex,
  NativeStage,
} from './native/addon.ts'
import { loadAddon } from './native/load.ts'
import {
  directoryPath,
  type FromBufferOptions,
  type OpenOptions,
  readFromBufferOptions,
  readOpenOptions,
} from './open-options.ts'
import { Operation } from './operation.ts'
import { type AnyReports, CompactReports, OpenReports, ProgressReports } from './progress.ts'
import { RecallBeams } from './recall-beams.ts'
import { type RemoveOptions, readRemoveOptions } from './remove-options.ts'
import { reported } from './reported.ts'
import { assertHitsFit, type BatchHits, BatchResult, firstHits, type SearchHit } from './results.ts'
import {
  type EvaluateOptions,
  readEvaluateOptions,
  readSearchOptions,
  readSearchSyncOptions,
  type SearchOptions,
  type SearchSyncOptions,
} from './search-options.ts'
import { SearchRoom } from './search-room.ts'
import { type Batch, stageBatch } from './staging.ts'
import type { IndexStats } from './stats.ts'
import { readStoreOptions, type StoreOptions } from './store-options.ts'
import { Turns } from './turns.ts'
import {
  copyIfSmall,
  floatsOf,
  readerOf,
  readerOfOne,
  rowsPerSlice,
  type Vector,
  type Vectors,
} from './vectors.ts'
import { inspectDirectory, verifyDirectory } from './verify.ts'
import type { VerifyOptions } from './verify-options.ts'

/** One stored vector, as `entries()` gives it. */
export interface IndexEntry<T extends IdType = 'number'> {
  readonly id: Id<T>
  /** The floats that were added (with `keepVectors: false`, those that the codes hold), in an array of its own. */
  readonly vector: Float32Array
}

const mostEntriesPerSlice = 1024
const rowNames = { all: 'vectors', one: 'row' }
const queryNames = { all: 'queries', one: 'query' }

/** An index that `open` has brought back, on its way into the constructor. */
class Opened {
  readonly #native: NativeIndex

  constructor(native: NativeIndex) {
    this.#native = native
  }

  /** The index in `value` if it is one of these; unlike `instanceof`, this asks nothing of a proxy. */
  static nativeOf(value: unknown): NativeIndex | undefined {
    return typeof value === 'object' && value !== null && #native in value ? value.#native : undefined
  }
}

/**
 * A vector index, in memory (`new`) or in a directory (`open`): vectors are added in parallel on native threads and searched by approximate nearest
 * neighbor, both off the event loop.
 *
 * Asynchronous methods always reject and synchronous ones always throw, with a {@link SegvecError}; only what the
 * caller's own code throws while it is called (a getter, `onProgress`) is passed on as it is, and a method that is called on
 * something else than an index is a `TypeError`.
 *
 * @example
 * const index = new VectorIndex({ dimension: 3, idType: 'string' })
 * await index.add(['red', 'green'], [[1, 0, 0], [0, 1, 0]])
 * await index.search([0.9, 0.1, 0], { k: 1 }) // [{ id: 'red', distance: 0.006 }]
 */
export class VectorIndex<T extends IdType = 'number'> {
  readonly #addon: NativeAddon
  readonly #native: NativeIndex
  readonly #settings: IndexSettings
  readonly #turns = new Turns()
  readonly #inFlight = new InFlight()
  readonly #beams: RecallBeams
  readonly #room: SearchRoom<T>
  readonly #idRestoration: IdRestoration
  #closing: Promise<void> | undefined
  #compacting: Promise<void> | undefined

  /**
   * Makes an empty index. Only `dimension` has no default.
   *
   * @throws {SegvecError} `INVALID_ARGUMENT`, `LOAD_FAILED`, `OUT_OF_MEMORY`.
   * @example
   * new VectorIndex({ dimension: 768, metric: 'cosine' })
   */
  constructor(options: IndexOptions<T> & IdTypeOption<NoInfer<T>>) {
    const opened = Opened.nativeOf(options)
    const settings = opened === undefined ? readIndexOptions(options) : undefined
    this.#addon = loadAddon()
    try {
      this.#native = opened ?? new this.#addon.Index(settings as IndexSettings)
      this.#settings = settings ?? Object.freeze(this.#native.options())
    } catch (error) {
      throw fromNative(error)
    }
    this.#beams = new RecallBeams(this.#addon, this.#native)
    this.#room = new SearchRoom(this.#native, this.#settings.dimension, this.#settings.idType as T)
    this.#idRestoration = new IdRestoration(this.#native)
  }

  /**
   * Opens the index in a directory, or makes one where there is none. What `commit()` has stored is there again, and
   * with `durability: 'log'` every call that has resolved since; nothing else is: closing an index does not commit it. One index at a time may write to a directory, any number may read.
   *
   * @param directory A path, or a `file:` URL; created, with its parents, unless `readOnly`.
   * @throws {SegvecError} `INVALID_ARGUMENT` (also for options that contradict the index), `LOCKED`, `NOT_FOUND`,
   * `CORRUPT`, `UNSUPPORTED_FORMAT`, `IO`, `OUT_OF_MEMORY`, `ABORTED`, `LOAD_FAILED`, as a rejection.
   * @example
   * const index = await VectorIndex.open('./vectors', { dimension: 768, metric: 'cosine' })
   * const reader = await VectorIndex.open('./vectors', { readOnly: true, load: 'mmap' })
   * const safe = await VectorIndex.open('./sessions', { dimension: 768, durability: 'log' }) // each add is durable
   */
  static async open<T extends IdType = 'number'>(
    directory: string | URL,
    options?: OpenOptions<T> & IdTypeOption<NoInfer<T>>,
  ): Promise<VectorIndex<T>> {
    const path = directoryPath(directory)
    const { native, signal, onProgress } = readOpenOptions(options)
    const addon = loadAddon()
    const dispose = (index: NativeIndex) => index.close()
    const watch = { signal, onProgress, Reports: OpenReports, dispose }
    const opened = await reported(addon, 'open', watch, (token) => addon.openIndex(path, native, token))
    const index = new VectorIndex<T>(new Opened(opened) as unknown as IndexOptions<T> & IdTypeOption<T>)
    if (native.readOnly) index.#idRestoration.beginLater()
    return index
  }

  /**
   * The index that `toBuffer` made bytes of: in memory, and free to go on. All of it is checked; the bytes are copied first,
   * so that nobody can change them meanwhile, and are not needed any more when this resolves.
   *
   * @param bytes As an array or an `ArrayBuffer`. At most 4 MiB of them are copied before the call returns; leave more alone until the promise settles.
   * @throws {SegvecError} `CORRUPT` (with `offset` and `section`), `UNSUPPORTED_FORMAT`, `INVALID_ARGUMENT` (also for options
   * that contradict the index), `OUT_OF_MEMORY`, `ABORTED`, `LOAD_FAILED`, as a rejection.
   * @example
   * const index = await VectorIndex.fromBuffer(await readFile('vectors.segvec'))
   */
  static async fromBuffer<T extends IdType = 'number'>(
    bytes: Uint8Array | ArrayBufferLike,
    options?: FromBufferOptions<T> & IdTypeOption<NoInfer<T>>,
  ): Promise<VectorIndex<T>> {
    const reader = new ByteReader(bytes)
    const { native, signal } = readFromBufferOptions(options)
    const addon = loadAddon()
    return abortable(addon, 'fromBuffer', signal, async (token, abort) => {
      const stage = await reader.stage(addon, () => abort.throwIfAborted())
      const opened = new Opened(await addon.openBuffer(stage, native, token))
      return new VectorIndex<T>(opened as unknown as IndexOptions<T> & IdTypeOption<T>)
    })
  }

  /**
   * Checks an index on disk in full: every file of every generation against its checksums, every graph (no link leads
   * astray, how many vectors are reached, recall of stored vectors against an exact scan), and that each generation can be put
   * together. It takes no lock, changes nothing, and a writer may go on meanwhile; it takes the memory of opening the index.
   *
   * @returns What was found, file by file; damage is in the report (`isSound` is false), not thrown.
   * @throws {SegvecError} `NOT_FOUND`, `INVALID_ARGUMENT`, `IO`, `ABORTED`, `OUT_OF_MEMORY`, `LOAD_FAILED`, as a rejection.
   * @example
   * const { isSound, files } = await VectorIndex.verify('./vectors')
   * if (!isSound) console.log(files.filter((file) => file.error))
   */
  static async verify(directory: string | URL, options?: VerifyOptions): Promise<DirectoryReport> {
    return verifyDirectory(directory, options)
  }

  /**
   * What is in the directory of an index, without reading its vectors: generations, segments, options, and the files with
   * their sizes. Takes no lock.
   *
   * @throws {SegvecError} `NOT_FOUND`, `INVALID_ARGUMENT`, `IO`, `ABORTED`, `OUT_OF_MEMORY`, `LOAD_FAILED`, as a rejection.
   * @example
   * const { generations } = await VectorIndex.inspect('./vectors')
   * console.log(generations[0]?.vectorCount)
   */
  static async inspect(directory: string | URL, options?: StoreOptions): Promise<DirectoryReport> {
    return inspectDirectory(directory, options)
  }

  /**
   * Checks what is on disk of this index, as the static `verify` does: the last commits, not what has been added since.
   *
   * @throws {SegvecError} `INVALID_ARGUMENT` also for an index in memory, `CLOSED`, otherwise as the static form.
   * @example
   * await index.commit()
   * console.log((await index.verify()).isSound)
   */
  async verify(options?: VerifyOptions): Promise<DirectoryReport> {
    this.#assertOpen()
    const storage = this.#native.storage()
    if (storage === undefined) {
      throw new SegvecError(
        'INVALID_ARGUMENT',
        'the index is in memory; expected one that was opened in a directory',
      )
    }
    return verifyDirectory(storage.directory, options)
  }

  /**
   * Stores what the index holds at the call, all adds and removals called before included, in its directory. When it
   * resolves, this survives a crash and a power failure; until then, the last commit does. Everything else goes on
   * meanwhile. Only what is new is written.
   *
   * @throws {SegvecError} `IO` (with `syscall`, `path` and `errno`; the index goes on, and a later commit may succeed),
   * `LOCKED` (another directory is in the place of this one), `READ_ONLY`, `INVALID_ARGUMENT` (an index in memory), `ABORTED`,
   * `CLOSED`, `OUT_OF_MEMORY`, as a rejection.
   * @example
   * await index.add(ids, vectors)
   * await index.commit()
   */
  async commit(options?: StoreOptions): Promise<void> {
    await this.#store('commit', options, (token) => this.#native.commit(token))
  }

  /**
   * Stores what the index holds at the call as an index of its own in another directory, which must not hold one yet.
   *
   * @throws {SegvecError} `INVALID_ARGUMENT` also for a directory that holds an index, `LOCKED` if somebody else writes to it,
   * `IO`, `ABORTED`, `CLOSED`, `OUT_OF_MEMORY`, as a rejection.
   * @example
   * await index.save('./backup')
   */
  async save(directory: string | URL, options?: StoreOptions): Promise<void> {
    const path = directoryPath(directory)
    await this.#store('save', options, (token) => this.#native.save(path, token))
  }

  async #store(
    name: string,
    options: unknown,
    start: (token: NativeCancelToken | undefined) => Promise<void>,
  ): Promise<void> {
    this.#assertOpen()
    const { signal } = readStoreOptions(options)
    const operation = this.#begin(name, signal)
    try {
      await operation.act(start)
    } finally {
      operation.end()
    }
  }

  /**
   * The index at the call, all adds and removals called before included, as one piece of bytes: for an object store, a
   * message, a test. Everything else goes on meanwhile. For large indexes `save` needs less memory.
   *
   * @returns Bytes of their own, which `fromBuffer` takes.
   * @throws {SegvecError} `ABORTED`, `CLOSED`, `OUT_OF_MEMORY`, `INVALID_ARGUMENT` (also for an index that is larger than a
   * buffer may be), as a rejection.
   * @example
   * await writeFile('vectors.segvec', await index.toBuffer())
   */
  async toBuffer(options?: StoreOptions): Promise<Uint8Array> {
    this.#assertOpen()
    const { signal } = readStoreOptions(options)
    const operation = this.#begin('toBuffer', signal)
    try {
      const bundle = await operation.act((token) => this.#native.bundle(token))
      return await bytesOf(bundle, () => operation.assertGoingOn())
    } finally {
      operation.end()
    }
  }

  /**
   * Moves an index that was opened with `readOnly` to what has been committed since. Searches that are under way end
   * where they began.
   *
   * @returns Whether there was anything newer.
   * @throws {SegvecError} `INVALID_ARGUMENT` unless `readOnly`, `CLOSED`, otherwise as `open`, as a rejection.
   * @example
   * if (await reader.refresh()) console.log(reader.size)
   */
  async refresh(options?: StoreOptions): Promise<boolean> {
    this.#assertOpen()
    const { signal } = readStoreOptions(options)
    const abort = new AbortWatch(signal, 'refresh')
    this.#assertOpen()
    const token = signal && new this.#addon.CancelToken()
    abort.onAbort(() => token?.cancel())
    this.#inFlight.begin()
    try {
      const hasMoved = await this.#native.refresh(token)
      if (hasMoved && this.#closing === undefined) this.#idRestoration.beginLater()
      return hasMoved
    } catch (error) {
      throw abort.fromNative(error)
    } finally {
      abort.dispose()
      this.#inFlight.end()
    }
  }

  /**
   * Adds vectors under ids that the index makes up: they count up from one above the largest it has ever held. Where
   * `idType` is `'string'` they are the decimal strings from `'0'` up, without those that are taken.
   *
   * @param vectors `count * dimension` values, row-major, in one typed array, or an array of `count` vectors. At most
   * 1,048,576 values are copied before the call returns; leave more alone until the promise settles.
   * @returns The ids, in row order.
   * @throws {SegvecError} As the other form does, as a rejection.
   * @example
   * const [id] = await index.add([[0.1, 0.2, 0.3]])
   */
  add(vectors: Vectors, options?: AddOptions): Promise<Id<T>[]>
  /**
   * Adds one vector under an id.
   *
   * @throws {SegvecError} As the other form does, as a rejection.
   * @example
   * await index.add(7, [0.1, 0.2, 0.3])
   */
  add(id: Id<T>, vector: Vector, options?: AddOptions): Promise<Id<T>[]>
  /**
   * Adds a batch of vectors: all of them or, if it rejects, none. Searches that start after it has resolved find them.
   * Calls take effect in the order in which they are made, whether or not they are awaited.
   *
   * @param ids One per vector, new to the index; `undefined` has the index make them up. They are copied as in `remove`.
   * @param vectors `count * dimension` values, row-major, in one typed array, or an array of `count` vectors. At most
   * 1,048,576 values are copied before the call returns; leave more alone until the promise settles.
   * @returns The ids, in row order.
   * @throws {SegvecError} `DIMENSION_MISMATCH`, `INVALID_VECTOR`, `INVALID_ID`, `DUPLICATE_ID` (each naming the row),
   * `IO` and `LOCKED` (with `durability: 'log'`: it could not be logged, or there is another directory instead), `INVALID_ARGUMENT`, `READ_ONLY`, `ABORTED`, `CLOSED`, `OUT_OF_MEMORY`,
   * as a rejection.
   * @example
   * await index.add([1, 2], new Float32Array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), {
   *   signal: AbortSignal.timeout(60_000),
   *   onProgress: ({ insertedCount, totalCount }) => console.log(`${insertedCount} of ${totalCount}`),
   * })
   */
  add(ids: Ids<T> | undefined, vectors: Vectors, options?: AddOptions): Promise<Id<T>[]>
  async add(...given: readonly unknown[]): Promise<Id<T>[]> {
    this.#assertOpen()
    const { ids, vectors, options } = addArguments(given)
    const addOptions = readAddOptions(options)
    const idReader = ids === undefined ? undefined : new IdReader(ids, this.#settings.idType as T)
    return this.#writeRows('add', ids, idReader, vectors, addOptions)
  }

  /**
   * Stores one vector under an id, in place of the one that is there, if there is one.
   *
   * @throws {SegvecError} As the other form does, as a rejection.
   * @example
   * await index.upsert(7, [0.1, 0.2, 0.3])
   */
  upsert(id: Id<T>, vector: Vector, options?: AddOptions): Promise<Id<T>[]>
  /**
   * Adds a batch of vectors, or replaces those that are under the same ids: all of them or, if it rejects, none. No search
   * sees both vectors of an id or neither, or a part of the batch; until then `get` returns the old ones.
   *
   * @param ids One per vector, none of them twice. They are copied as in `remove`.
   * @param vectors `count * dimension` values, row-major, in one typed array, or an array of `count` vectors. At most
   * 1,048,576 values are copied before the call returns; leave more alone until the promise settles.
   * @returns The ids, in row order.
   * @throws {SegvecError} `DIMENSION_MISMATCH`, `INVALID_VECTOR`, `INVALID_ID`, `DUPLICATE_ID` for an id that is twice in
   * the batch (each naming the row), `IO` and `LOCKED` (with `durability: 'log'`: it could not be logged, or there is another directory instead), `INVALID_ARGUMENT`, `READ_ONLY`,
   * `ABORTED`, `CLOSED`, `OUT_OF_MEMORY`, as a rejection.
   * @example
   * await index.upsert([1, 2], [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
   */
  upsert(ids: Ids<T>, vectors: Vectors, options?: AddOptions): Promise<Id<T>[]>
  async upsert(ids: unknown, vectors: unknown, options?: unknown): Promise<Id<T>[]> {
    this.#assertOpen()
    const addOptions = readAddOptions(options)
    return this.#writeRows('upsert', ids, new IdReader(ids, this.#settings.idType as T), vectors, addOptions)
  }

  async #writeRows(
    name: 'add' | 'upsert',
    ids: unknown,
    idReader: IdReader<T> | undefined,
    vectors: unknown,
    { signal, onProgress }: AddOptions,
  ): Promise<Id<T>[]> {
    const { dimension, idType } = this.#settings
    const rows = isSingleId(ids)
      ? readerOfOne(vectors, dimension, 'vector')
      : readerOf(vectors, dimension, rowNames)
    const { rowCount } = rows
    assertCountFits(rowCount, this.#settings.idType, 'vectors')
    if (idReader !== undefined && idReader.count !== rowCount) {
      const isFlat = isList(vectors) && typeof vectors[0] === 'number'
      const hint = isFlat
        ? ' (vectors is an array of numbers; expected one of vectors, or a typed array)'
        : ''
      const message = `ids has length ${idReader.count}; expected ${rowCount}, one per row of vectors${hint}`
      throw new SegvecError('INVALID_ARGUMENT', message)
    }
    let submitted: NativeStage | undefined
    const insertedCount = () => submitted?.insertedCount ?? 0
    const reports =
      onProgress && ((cancel: () => void) => new ProgressReports(onProgress, rowCount, insertedCount, cancel))
    const operation = this.#begin(name, signal, reports)
    try {
      let assigned: Float64Array | BigUint64Array | undefined
      if (rowCount > 0) {
        const stage = await this.#stage(operation, { ids: idReader, rows, dimension }, rowCount)
        assigned = await operation.act((token) => {
          const writing = this.#native[name](stage, token)
          submitted = stage
          return writing
        })
      }
      await operation.finish()
      this.#beams.refresh()
      return idReader?.accepted ?? (await idList(assigned, idType as T))
    } finally {
      operation.end()
    }
  }

  #stage(operation: Operation, batch: Batch<T>, rowCount: number): Promise<NativeStage> {
    return stageBatch(
      batch,
      () => this.#native.stage(rowCount),
      () => operation.assertGoingOn(),
    )
  }

  /**
   * Removes the vectors under some ids. Searches that start after it has resolved do not find them; those that run
   * meanwhile may. Their memory stays in use until a compaction, and
   * their ids may be added again.
   *
   * @param ids An id or an array of ids. Those that are not in the index are passed over. At most 524,288 of them (of strings,
   * 2,097,152 characters) are copied before the call returns; leave more alone until the promise settles.
   * @returns How many vectors were removed.
   * @throws {SegvecError} `INVALID_ID` (naming the row), `IO` and `LOCKED` (with `durability: 'log'`: it could not be logged, or there is another directory instead),
   * `INVALID_ARGUMENT`, `READ_ONLY`, `ABORTED`, `CLOSED`, `OUT_OF_MEMORY`, as a rejection; nothing is removed then.
   * @example
   * await index.remove([7, 8]) // 2, or fewer if some were not there
   */
  async remove(ids: Id<T> | Ids<T>, options?: RemoveOptions): Promise<number> {
    this.#assertOpen()
    const { signal } = readRemoveOptions(options)
    const { dimension, idType } = this.#settings
    const idReader = new IdReader(ids, idType as T, false)
    const operation = this.#begin('remove', signal)
    try {
      if (idReader.count === 0) return 0
      const stage = await this.#stage(operation, { ids: idReader, dimension }, 0)
      return await operation.act((token) => this.#native.remove(stage, token))
    } finally {
      operation.end()
    }
  }

  /**
   * Merges the segments into as few as `segmentCapacity` allows and drops what was removed: searches are as fast as in an
   * index that was built at once. What was still growing gives back its spare memory, too, a tenth to a third of all. Searches, adds and removals go on meanwhile
   * (another `compact()`, and what is called after that, waits for this one). Takes effect after the calls made before it; what is
   * added after it goes to a new segment. With `keepVectors: false` segments whose codes have very different scales stay apart: one
   * scale for both would lose the finer ones.
   *
   * @throws {SegvecError} `INVALID_ARGUMENT`, `READ_ONLY`, `ABORTED`, `CLOSED`, `OUT_OF_MEMORY`, as a rejection; the index is as
   * it was then.
   * @example
   * await index.compact({ onProgress: ({ mergedCount, totalCount }) => console.log(`${mergedCount} of ${totalCount}`) })
   */
  async compact(options?: CompactOptions): Promise<void> {
    this.#assertOpen()
    const { signal, onProgress } = readCompactOptions(options)
    let running: NativeCompaction | undefined
    const reports =
      onProgress &&
      ((cancel: () => void) => new CompactReports(onProgress, () => running?.progress(), cancel))
    const operation = this.#begin('compact', signal, reports)
    try {
      // One after another, each in its place between the other calls: the same calls make the same index.
      await operation.act(
        (token) => {
          running = this.#native.compact(token)
          this.#compacting = settled(running.finished)
          return running.finished
        },
        () => this.#compacting,
      )
      await operation.finish()
    } finally {
      operation.end()
    }
  }

  /**
   * Finds the vectors nearest to a query, off the event loop.
   *
   * @param query `dimension` values. Copied before the call returns.
   * @param options `k` (10), one of `recall`, `ef` (`max(k, 64)`) and `exact` (false), `signal`.
   * @returns At most `k` hits by ascending distance, equal distances by ascending id; `[]` from an empty index.
   * @throws {SegvecError} `DIMENSION_MISMATCH`, `INVALID_VECTOR`, `INVALID_ARGUMENT` (also for a `k` that would find more than
   * 4,194,304 hits, which `searchBatch` gives in typed arrays), `ABORTED`, `CLOSED`, `OUT_OF_MEMORY`, and with `load: 'mmap'`
   * `CORRUPT` where a damaged part is read for the first time, as a rejection.
   * @example
   * const [nearest] = await index.search(embedding, { k: 1 })
   * const hits = await index.search(embedding, { k: 20, recall: 0.95 })
   */
  async search(query: Vector, options?: SearchOptions): Promise<SearchHit<T>[]> {
    this.#assertOpen()
    const settings = readSearchOptions(options)
    assertHitsFit(settings.k, () => this.size)
    const floats = floatsOf(query, this.#settings.dimension, 'query')
    const abort = new AbortWatch(settings.signal, 'search')
    this.#assertOpen()
    const token = settings.signal && new this.#addon.CancelToken()
    abort.onAbort(() => token?.cancel())
    this.#inFlight.begin()
    try {
      const { k, recall, exact } = settings
      if (recall !== undefined && this.#beams.isMissing) {
        const copy = new Float32Array(floats)
        const ef = await this.#beams.efFor(k, recall, abort)
        return firstHits(await this.#native.search(copy, k, ef, exact, token))
      }
      const ef = recall === undefined ? settings.ef : this.#beams.efAtOnce(k, recall)
      return firstHits(await this.#native.search(floats, k, ef, exact, token))
    } catch (error) {
      throw ofOneQuery(abort.fromNative(error))
    } finally {
      abort.dispose()
      this.#inFlight.end()
    }
  }

  /**
   * As `search`, on the calling thread: for scripts and benchmarks. The event loop waits for it.
   *
   * @param query `dimension` values.
   * @param options `k` (10), one of `recall`, `ef` (`max(k, 64)`) and `exact` (false).
   * @returns At most `k` hits by ascending distance, equal distances by ascending id; `[]` from an empty index.
   * @throws {SegvecError} As `search`, but at once.
   * @example
   * for (const { id, distance } of index.searchSync(embedding)) console.log(id, distance)
   */
  searchSync(query: Vector, options?: SearchSyncOptions): SearchHit<T>[] {
    this.#assertOpen()
    const settings = readSearchSyncOptions(options)
    assertHitsFit(settings.k, () => this.size)
    const floats = floatsOf(query, this.#settings.dimension, 'query')
    this.#assertOpen()
    try {
      const { recall, exact } = settings
      const ef = recall === undefined ? settings.ef : this.#beams.efAtOnce(settings.k, recall)
      return this.#room.search(floats, settings.k, ef, exact)
    } catch (error) {
      throw ofOneQuery(fromNative(error))
    }
  }

  /**
   * Finds the vectors nearest to each of many queries, in parallel and off the event loop.
   *
   * @param queries `count * dimension` values, row-major, in one typed array, or an array of `count` vectors. At most
   * 1,048,576 values are copied before the call returns; leave more alone until the promise settles.
   * @param options `k` (10), one of `recall`, `ef` (`max(k, 64)`) and `exact` (false), `signal`.
   * @returns `ids` and `distances`, each `count * k`, row-major, ascending distance; `k` is what was asked for, or the
   * size of the index at the call if that is less. What is added or removed meanwhile may show in some of the queries.
   * @throws {SegvecError} `DIMENSION_MISMATCH`, `INVALID_VECTOR` (both naming the query), `INVALID_ARGUMENT` (also if
   * the results would take more than 1 GiB), `ABORTED`, `CLOSED`, `OUT_OF_MEMORY`, `CORRUPT` as in `search`, as a rejection.
   * @example
   * const { ids, k } = await index.searchBatch(embeddings, { k: 5 })
   * const idsOfThirdQuery = ids.slice(2 * k, 3 * k)
   */
  async searchBatch(queries: Vectors, options?: SearchOptions): Promise<BatchHits<T>> {
    this.#assertOpen()
    const { k: wantedK, ef: givenEf, recall, exact, signal } = readSearchOptions(options)
    const { dimension, idType } = this.#settings
    let rows = readerOf(queries, dimension, queryNames)
    const abort = new AbortWatch(signal, 'searchBatch')
    this.#assertOpen()
    const token = signal && new this.#addon.CancelToken()
    abort.onAbort(() => token?.cancel())
    this.#inFlight.begin()
    try {
      const k = Math.min(wantedK, this.size)
      assertResultFits(rows.rowCount, k, idType)
      const result = new BatchResult(rows.rowCount, k, idType as T)
      let ef = givenEf
      if (recall !== undefined && this.#beams.isMissing) {
        // Copied before the wait, as the caller was promised.
        const copy = copyIfSmall(rows, dimension)
        if (copy !== undefined) rows = readerOf(copy, dimension, queryNames)
        ef = await this.#beams.efFor(wantedK, recall, abort)
      } else if (recall !== undefined) {
        ef = this.#beams.efAtOnce(wantedK, recall)
      }
      // An empty index is asked for one hit, so that its queries are checked like any others.
      const leastK = Math.max(k, 1)
      const search = (chunk: Float32Array) => this.#native.search(chunk, leastK, ef, exact, token)
      await searchInChunks(rows, dimension, result, search, abort)
      const { ids, distances, counts } = result
      return { k, ids, distances, counts }
    } finally {
      abort.dispose()
      this.#inFlight.end()
    }
  }

  /**
   * Measures recall and latency on queries of your own: searches for each of them with `ef`, or the `ef` that the index has
   * calibrated for `recall`, and by an exact scan.
   *
   * @param queries As for `searchBatch`: `count * dimension` values, or an array of `count` vectors; at least one.
   * @param options `k` (10), one of `recall` and `ef` (`max(k, 64)`), `signal`.
   * @returns Recall from 0 to 1; latencies in milliseconds of single searches on this thread, in slices of 5 ms.
   * @throws {SegvecError} `DIMENSION_MISMATCH`, `INVALID_VECTOR`, `INVALID_ARGUMENT`, `ABORTED`, `CLOSED`, `OUT_OF_MEMORY`, and with
   * `load: 'mmap'` `CORRUPT` where a damaged part is read for the first time, as a rejection.
   * @example
   * for (const ef of [32, 64, 128]) console.log(ef, (await index.evaluate(queries, { ef })).recall)
   */
  async evaluate(queries: Vectors, options?: EvaluateOptions): Promise<Evaluation> {
    this.#assertOpen()
    const { k, ef: givenEf, recall, signal } = readEvaluateOptions(options)
    const { dimension } = this.#settings
    // The exact searches and the others are to see the same.
    const stable = copyIfSmall(readerOf(queries, dimension, queryNames), dimension) ?? queries
    const abort = new AbortWatch(signal, 'evaluate')
    try {
      const ef = recall === undefined ? givenEf : await this.#calibratedEf(k, recall, abort)
      const searches = {
        exact: () => this.searchBatch(stable, { k, exact: true, signal }),
        approximate: (query: Float32Array) => this.searchSync(query, { k, ef }),
      }
      return await evaluateSearches(readerOf(stable, dimension, queryNames), { k, ef }, searches, abort)
    } catch (error) {
      throw abort.fromNative(error)
    } finally {
      abort.dispose()
    }
  }

  async #calibratedEf(k: number, recall: number, abort: AbortWatch): Promise<number> {
    this.#inFlight.begin()
    try {
      return await this.#beams.efFor(k, recall, abort)
    } finally {
      this.#inFlight.end()
    }
  }

  /**
   * Whether a vector is stored under an id.
   *
   * @throws {SegvecError} `INVALID_ID`, `CLOSED`; with `readOnly` also `CORRUPT` where an id is there twice, and `OUT_OF_MEMORY`.
   */
  has(id: Id<T>): boolean {
    this.#assertOpen()
    const known = checkedId(id, this.#settings.idType, 'id')
    try {
      return this.#native.has(known)
    } catch (error) {
      throw fromNative(error)
    }
  }

  /**
   * The vector stored under an id: `dimension` floats exactly as they were added (under `cosine` too), in an array
   * of its own; `undefined` if there is none. With `keepVectors: false` it is the one that the codes hold.
   *
   * @throws {SegvecError} `INVALID_ID`, `CLOSED`; with `readOnly` also `CORRUPT` where an id is there twice or the vector is
   * damaged, and `OUT_OF_MEMORY`.
   */
  get(id: Id<T>): Float32Array | undefined {
    this.#assertOpen()
    const known = checkedId(id, this.#settings.idType, 'id')
    try {
      return this.#native.get(known)
    } catch (error) {
      throw fromNative(error)
    }
  }

  /**
   * What the index was made with, every option filled in; of one that was opened, what is stored of it. Not changed by `close()`.
   *
   * @example
   * const index = await VectorIndex.fromBuffer(bytes)
   * const { dimension, metric } = index.options
   */
  get options(): IndexSettings<T> {
    return this.#settings as IndexSettings<T>
  }

  /** Vectors in the index. @throws {SegvecError} `CLOSED`. */
  get size(): number {
    this.#assertOpen()
    try {
      return this.#native.size
    } catch (error) {
      throw fromNative(error)
    }
  }

  /**
   * Counts and memory of the index and of each of its segments.
   *
   * @throws {SegvecError} `CLOSED`.
   */
  stats(): IndexStats {
    this.#assertOpen()
    try {
      const { compaction, ...stats } = this.#native.stats()
      const { isRunning, finishedCount, lastError } = compaction
      return {
        ...stats,
        compaction: {
          isRunning,
          finishedCount,
          lastError: lastError === undefined ? undefined : fromNative(lastError),
        },
        instructionSet: this.#addon.instructionSets().selected,
        storage: this.#native.storage(),
      }
    } catch (error) {
      throw fromNative(error)
    }
  }

  /**
   * Every vector that is in the index at the call, each once, in an order that is always the same for the same index
   * but otherwise unspecified. What is added, replaced or removed later does not show. Closing the index ends the iteration with `CLOSED`.
   *
   * @throws {SegvecError} `CLOSED`; `CORRUPT` as in `search`, and `OUT_OF_MEMORY`.
   * @example
   * for await (const { id, vector } of index.entries()) console.log(id, vector)
   */
  entries(): AsyncIterableIterator<IndexEntry<T>> {
    this.#assertOpen()
    try {
      return leavable(this.#native.entries(), (cursor) => this.#walk(cursor))
    } catch (error) {
      throw fromNative(error)
    }
  }

  async *#walk(cursor: NativeCursor): AsyncGenerator<IndexEntry<T>, void, undefined> {
    const { dimension } = this.#settings
    const sliceRows = Math.min(mostEntriesPerSlice, rowsPerSlice(dimension))
    try {
      for (;;) {
        this.#assertOpen()
        const slice = nextSlice(cursor, sliceRows)
        if (slice === undefined) return
        for (const [row, id] of slice.ids.entries()) {
          this.#assertOpen()
          const vector = slice.vectors.slice(row * dimension, (row + 1) * dimension)
          yield { id: id as Id<T>, vector }
        }
        await nextTick()
      }
    } finally {
      cursor.close()
    }
  }

  /**
   * Refuses further calls with `CLOSED`, waits for those in flight and frees the index's memory and its directory's lock. An
   * iteration that has been begun holds what it walks until it is left, or asked for more; an `evaluate` ends with `CLOSED` at its
   * next search. It does not commit. May be called again.
   *
   * @returns A promise that resolves when all that is done.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#beams.close()
    this.#idRestoration.stop()
    // Adds and batches that are half way still have native calls to make.
    await this.#inFlight.idle()
    try {
      await this.#native.close()
    } catch (error) {
      this.#closing = undefined // nothing has been closed: it may be tried again
      throw fromNative(error)
    }
  }

  /** Closes the index at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #begin(
    name: string,
    signal: AbortSignal | undefined,
    reports?: (cancel: () => void) => AnyReports,
  ): Operation {
    const abort = new AbortWatch(signal, name)
    // What the caller's own getters did while its arguments were read may have closed the index.
    this.#assertOpen()
    const token = signal || reports ? new this.#addon.CancelToken() : undefined
    return new Operation(abort, token, reports, this.#turns, this.#inFlight)
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new SegvecError('CLOSED', 'the index is closed')
  }
}

/** Resolves when `promise` has settled, either way. */
async function settled(promise: Promise<unknown>): Promise<void> {
  await Promise.allSettled([promise])
}

/** The native side counts queries from 0, also where there is but one. */
function ofOneQuery(error: SegvecError): SegvecError {
  if (error.code !== 'INVALID_VECTOR') return error
  return new SegvecError(error.code, error.message.replace(/^query 0\b/, 'query'))
}

/** Tells the forms of `add` apart, also where the vectors are not what they should be: ids must never be taken for vectors. */
function addArguments(given: readonly unknown[]): { ids: unknown; vectors: unknown; options: unknown } {
  const [first, second, third] = given
  const isSecondVectors =
    given.length > 2 || isList(second) || ArrayBuffer.isView(second) || types.isPromise(second)
  const areFirstIds =
    isSingleId(first) ||
    first === undefined ||
    (given.length > 1 && second === undefined && isList(first) && isSingleId(first[0]))
  if (isSecondVectors || areFirstIds) return { ids: first, vectors: second, options: third }
  return { ids: undefined, vectors: first, options: second }
}

/** A walk that lets go of its cursor when it is left, also before its first step, when nothing of a generator has run. */
function leavable<Entry>(
  cursor: NativeCursor,
  walk: (cursor: NativeCursor) => AsyncGenerator<Entry, void, undefined>,
): AsyncGenerator<Entry, void, undefined> {
  const walking = walk(cursor)
  const { return: end } = walking
  walking.return = (value) => {
    cursor.close()
    return end.call(walking, value)
  }
  return walking
}

function nextSlice(cursor: NativeCursor, rows: number): ReturnType<NativeCursor['next']> {
  try {
    return cursor.next(rows)
  } catch (error) {
    throw fromNative(error)
  }
}
