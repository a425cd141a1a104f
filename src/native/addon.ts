/**
 * The typed surface of the native addon: what `native/binding` exports, no more.
 *
 * Arguments arrive here already validated and converted by the public class; the addon re-checks only what
 * memory safety needs. Its errors are plain `Error`s with a `code`; `fromNative` turns them into `SegvecError`s.
 */

/** Ids in the shape that fits the index's `idType`: `number`, `bigint`, `string`. */
export type NativeIds = Float64Array | BigUint64Array | string[]

export interface NativeOptions {
  readonly dimension: number
  readonly metric: 'l2' | 'cosine' | 'ip'
  readonly idType: 'number' | 'bigint' | 'string'
  readonly M: number
  readonly efConstruction: number
  readonly quantization: 'int8' | 'none'
  /** False only with codes. */
  readonly keepVectors: boolean
  readonly threads: number
  readonly growingSegments: number
  readonly segmentCapacity: number
  readonly compaction: 'background' | 'manual'
  readonly seed: number
}

export interface NativeOpenOptions extends NativeOptions {
  /** The names of the options above that the caller gave; of the others the index's own values count. */
  readonly given: readonly string[]
  readonly readOnly: boolean
  /** Maps the files instead of reading them; only with `readOnly`. */
  readonly mapped: boolean
  /** Falls back to an older generation where the newest is damaged. */
  readonly recoverPrevious: boolean
  /** Makes each change safe in a log before it is made; not with `readOnly`. */
  readonly logsChanges: boolean
}

/** Where an index is stored. */
export interface NativeStorage {
  readonly directory: string
  readonly generation: number
  readonly isReadOnly: boolean
  readonly durability: 'commit' | 'log'
  /** Bytes of the log that opening would replay. */
  readonly logBytes: number
  /** The newer generations that could not be opened and were passed over, newest first. */
  readonly dropped: readonly { readonly generation: number; readonly reason: string }[]
}

/** Cancels one operation from the JS thread; safe to call at any time, any number of times. */
export interface NativeCancelToken {
  cancel(): void
}

/** Native memory that a batch is copied into, slice by slice, before anything is done with it. */
export interface NativeStage {
  /** Appends `rows.length / dimension` rows. The floats are copied before the call returns. */
  appendRows(rows: Float32Array): void
  /** Appends ids, in row order; leave it out altogether and `add` assigns them. */
  appendIds(ids: NativeIds): void
  /** Rows inserted so far, once the stage has been given to `add` or `upsert`. */
  readonly insertedCount: number
}

/**
 * The hits of `queryCount` queries, row-major with stride `k` (the requested `k`, at most the number of vectors):
 * row `q` holds `counts[q]` hits from `q * k` on, by ascending distance, equal distances by ascending id.
 */
export interface NativeHits {
  readonly k: number
  readonly ids: NativeIds
  readonly distances: Float32Array
  readonly counts: Uint32Array
  /** Of string ids, each counted once. */
  readonly textBytes: number
}

/** What a synchronous search reads and writes. Nobody else may get at the arrays: their memory must stay where it is. */
export interface NativeSearchRoom {
  /** `k`, `ef` and 1 for an exact search. */
  readonly request: Uint32Array
  readonly query: Float32Array
  /** As long as `distances`, which is how many hits there is room for. */
  readonly ids: NativeIds
  readonly distances: Float32Array
}

export interface NativeSegmentStats {
  readonly vectorCount: number
  /** Slots whose vectors were removed or replaced, or never came to be. */
  readonly deadCount: number
  readonly isSealed: boolean
  /** False while the segment is small enough to be scanned exactly. */
  readonly hasGraph: boolean
  /** The codes hold every vector exactly. */
  readonly isLossless: boolean
  /** Highest level of the graph's hierarchy. */
  readonly maxLevel: number
  readonly memoryBytes: number
}

/** What the index has measured about its own recall. */
export interface NativeCalibration {
  /** False once the index has grown or shrunk by a fifth, or its segments are others. */
  readonly isFresh: boolean
  /** Vectors in the index when it was measured. */
  readonly vectorCount: number
  readonly sampleCount: number
  readonly curves: readonly {
    readonly k: number
    readonly points: readonly { readonly ef: number; readonly recall: number }[]
  }[]
}

/** A compaction under way. */
export interface NativeCompaction {
  readonly finished: Promise<void>
  /** Rows in place so far, of all that will be; both 0 until it has been planned. */
  progress(): { readonly mergedCount: number; readonly totalCount: number }
}

export interface NativeCompactionStats {
  readonly isRunning: boolean
  /** Compactions that changed the index. */
  readonly finishedCount: number
  /** What the last one in the background failed with, if it did. */
  readonly lastError?: Error
}

export interface NativeStats {
  readonly compaction: NativeCompactionStats
  readonly vectorCount: number
  readonly memoryBytes: number
  readonly segments: readonly NativeSegmentStats[]
  /** Left out before the first calibration. */
  readonly calibration?: NativeCalibration
}

/** Walks the vectors of one snapshot. */
export interface NativeCursor {
  /** The next rows, at most `maxRows`, perhaps none; `undefined` at the end. */
  next(maxRows: number): { readonly ids: NativeIds; readonly vectors: Float32Array } | undefined
  /** Lets go of the memory that it holds; it is at its end then. */
  close(): void
}

export interface NativeIndex {
  readonly size: number
  stage(rowCount: number): NativeStage
  /**
   * Inserts a complete stage; resolves with the assigned ids, or `undefined` when the caller gave them. For string ids they
   * are the numbers whose decimal strings were assigned: the strings are made slice by slice.
   */
  add(stage: NativeStage, token?: NativeCancelToken): Promise<Float64Array | BigUint64Array | undefined>
  /** As `add`, but ids that are in the index get the new vectors. */
  upsert(stage: NativeStage, token?: NativeCancelToken): Promise<Float64Array | BigUint64Array | undefined>
  /** Removes what is under the ids of a stage without rows; resolves with how many vectors that were. */
  remove(stage: NativeStage, token?: NativeCancelToken): Promise<number>
  /** Merges segments and drops what is dead, after the changes asked for before. */
  compact(token?: NativeCancelToken): NativeCompaction
  /**
   * `queries` holds one or more rows; copied before the call returns. `ef` is the beam width for the whole index, shared out
   * over its segments; `exact` scans every vector instead of walking the graphs.
   */
  search(
    queries: Float32Array,
    k: number,
    ef: number,
    exact: boolean,
    token?: NativeCancelToken,
  ): Promise<NativeHits>
  /** Says where `searchSync` is to find a query and leave its hits; `undefined` for nowhere any more. */
  useRoom(room: NativeSearchRoom | undefined): void
  /** Searches for the query in the room; leaves its hits there and returns how many there are. */
  searchSync(): number
  /**
   * Measures which `ef` reaches which recall, unless that is known. In the background: as the others, but the process
   * does not stay alive for it.
   */
  calibrate(token: NativeCancelToken | undefined, isBackground: boolean): Promise<void>
  /** `'missing'` also where the index has grown or shrunk to another size altogether. */
  readonly calibrationState: 'fresh' | 'stale' | 'missing'
  /** The `ef` for a recall@k by the last calibration, by a cautious rule where it is missing. */
  efFor(k: number, recall: number): number
  has(id: number | bigint | string): boolean
  get(id: number | bigint | string): Float32Array | undefined
  stats(): NativeStats
  entries(): NativeCursor
  /** What the index was made with. */
  options(): NativeOptions
  /** `undefined` for an index in memory. */
  storage(): NativeStorage | undefined
  /** Writes what the index holds now, after all adds begun before, to its directory; durable when it resolves. */
  commit(token?: NativeCancelToken): Promise<void>
  /** The same, as a new index in another directory. */
  save(directory: string, token?: NativeCancelToken): Promise<void>
  /** The same, as one piece of bytes. */
  bundle(token?: NativeCancelToken): Promise<NativeBundle>
  /** Moves an index that was opened for reading to the newest generation; resolves with whether there was a newer one. */
  refresh(token?: NativeCancelToken): Promise<boolean>
  /** Begins to put the ids of a reader in place, in the background. */
  restoreIds(): void
  /** Refuses further calls with `CLOSED`; resolves once what is in flight is done and its memory is freed. */
  close(): Promise<void>
}

/** An index as one piece of bytes, to be read out slice by slice. */
export interface NativeBundle {
  readonly byteLength: number
  /** Fills `target` with the bytes from `offset` on. */
  read(offset: number, target: Uint8Array): void
}

/** Native memory that bytes are copied into, slice by slice, before anything looks at them. */
export interface NativeByteStage {
  /** Copies before it returns. */
  append(bytes: Uint8Array): void
}

/** What a full check found out about a segment. */
export interface NativeSegmentCheck {
  readonly slotCount: number
  readonly vectorCount: number
  readonly hasGraph: boolean
  readonly duplicateIdCount: number
  readonly wrongCodeCount: number
  readonly unreachableCount: number
  readonly probeCount: number
  readonly lostCount: number
  readonly recall: number
}

export interface NativeFileReport {
  readonly name: string
  readonly kind: 'manifest' | 'segment' | 'tombstones' | 'strings' | 'log' | 'lock' | 'foreign'
  readonly state: 'ok' | 'damaged' | 'missing' | 'unused' | 'foreign'
  readonly bytes: number
  /** The one in the name. */
  readonly generation: number | undefined
  readonly generations: readonly number[]
  readonly error?: Error
  /** Of a segment that was verified. */
  readonly check?: NativeSegmentCheck
}

/** Without what the manifest says where it cannot be read. */
export interface NativeGenerationReport {
  readonly generation: number
  readonly error?: Error
  readonly vectorCount?: number
  readonly options?: NativeOptions
  readonly segments?: readonly {
    readonly number: number
    readonly vectorCount: number
    readonly deadCount: number
    readonly bytes: number
    readonly file: string
  }[]
}

/** What is in the directory of an index. */
export interface NativeDirectoryReport {
  readonly isSound: boolean
  /** Newest first. */
  readonly generations: readonly NativeGenerationReport[]
  /** By name. */
  readonly files: readonly NativeFileReport[]
}

/** An opening under way. */
export interface NativeOpening {
  readonly finished: Promise<NativeIndex>
  progress(): { readonly loadedCount: number; readonly totalCount: number }
}

/** A verification under way. */
export interface NativeVerification {
  readonly finished: Promise<NativeDirectoryReport>
  progress(): { readonly checkedBytes: number; readonly totalBytes: number }
}

export interface NativeAddon {
  readonly Index: new (options: NativeOptions) => NativeIndex
  openIndex(directory: string, options: NativeOpenOptions, token?: NativeCancelToken): NativeOpening
  readonly ByteStage: new (byteLength: number) => NativeByteStage
  /** Opens the index in a stage that is full; it is in memory, and does not refer to the bytes. */
  openBuffer(
    stage: NativeByteStage,
    options: NativeOpenOptions,
    token?: NativeCancelToken,
  ): Promise<NativeIndex>
  /** Reads the manifests and the sizes of the files, no more. */
  inspectDirectory(directory: string, token?: NativeCancelToken): Promise<NativeDirectoryReport>
  /** Reads and checks everything; `probeCount` rows of each segment are searched for. */
  verifyDirectory(directory: string, probeCount: number, token?: NativeCancelToken): NativeVerification
  readonly CancelToken: new () => NativeCancelToken
  /** Every code a native error can carry. */
  readonly errorCodes: readonly string[]
  /** Names of the instruction sets this machine can run, best first, and the one in use. */
  instructionSets(): { readonly selected: string; readonly available: readonly string[] }
}
