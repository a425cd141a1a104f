/** What one segment of an index holds. */
export interface SegmentStats {
  readonly vectorCount: number
  /** Places of vectors that were removed or replaced: their memory is in use, and searches step over them. */
  readonly deadCount: number
  /** True once the segment is full: it never changes again. */
  readonly isSealed: boolean
  /** False while the segment is so small that it is scanned exactly. */
  readonly hasGraph: boolean
  /** True when the 8-bit codes hold every vector exactly, as those of bytes do under `l2`, and of signed bytes under `ip`: hits need no second look. */
  readonly isLossless: boolean
  /** Highest level of the graph's hierarchy; 0 without a graph. */
  readonly maxLevel: number
  readonly memoryBytes: number
}

/** What an index holds, at one moment. */
export interface IndexStats {
  readonly vectorCount: number
  /** Native memory, segments and ids included. */
  readonly memoryBytes: number
  /** Oldest first. */
  readonly segments: readonly SegmentStats[]
  /** What distances are computed with; see `instructionSets()`. */
  readonly instructionSet: string
}
