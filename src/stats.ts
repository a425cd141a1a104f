import type { SegvecError } from './errors.ts'

/** What one segment of an index holds. */
export interface SegmentStats {
  readonly vectorCount: number
  /** Places of vectors that were removed or replaced: their memory is in use, and searches step over them. */
  readonly deadCount: number
  /** True once it never changes again: when it is full, or was stored with its graph, or merged. */
  readonly isSealed: boolean
  /** False while the segment is so small that it is scanned exactly. */
  readonly hasGraph: boolean
  /** True when the 8-bit codes hold every vector exactly, as those of bytes do under `l2`, and of signed bytes under `ip`: hits need no second look. */
  readonly isLossless: boolean
  /** Highest level of the graph's hierarchy; 0 without a graph. */
  readonly maxLevel: number
  readonly memoryBytes: number
}

/** Which recall@k searches were measured to reach with an `ef`; `search` with `recall` reads between the points. */
export interface RecallCurve {
  readonly k: number
  /** Ascending. */
  readonly points: readonly { readonly ef: number; readonly recall: number }[]
}

/** What an index knows about its own recall. */
export interface CalibrationStats {
  /** False once the index has grown or shrunk by a fifth since, or is divided into other segments. */
  readonly isFresh: boolean
  /** Vectors in the index when it was measured. */
  readonly vectorCount: number
  /** How many of them served as queries. */
  readonly sampleCount: number
  readonly curves: readonly RecallCurve[]
}

/** Where an index is stored. */
export interface StorageStats {
  /** Its absolute path. */
  readonly directory: string
  /**
   * The number of the state that the index was opened from or last stored: 1 of a directory that was just made, one more for each
   * commit.
   */
  readonly generation: number
  readonly isReadOnly: boolean
  /** As `open` was told. */
  readonly durability: 'commit' | 'log'
  /** Bytes of the log since the last commit: what opening would read and replay. */
  readonly logBytes: number
  /**
   * What was damaged and passed over on request (`recover: 'previous'`): newer generations, newest first, and the log behind
   * a generation from the damage on.
   */
  readonly dropped: readonly { readonly generation: number; readonly reason: string }[]
}

/** What the compactions of an index have come to. */
export interface CompactionStats {
  readonly isRunning: boolean
  /** Compactions that changed the index, asked for or in the background. */
  readonly finishedCount: number
  /** What the last one in the background failed with; `undefined` if it did not. The index is as it was before it. */
  readonly lastError: SegvecError | undefined
}

/** What an index holds, at one moment. */
export interface IndexStats {
  readonly vectorCount: number
  /** Native memory, segments and ids included. */
  readonly memoryBytes: number
  /** Oldest first. */
  readonly segments: readonly SegmentStats[]
  /** The last calibration, if a search has asked for a recall. */
  readonly calibration?: CalibrationStats
  readonly compaction: CompactionStats
  /** What distances are computed with; see `instructionSets()`. */
  readonly instructionSet: string
  /** `undefined` for an index in memory. */
  readonly storage: StorageStats | undefined
}
