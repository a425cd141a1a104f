/** One way to build and search an index; each peer is a small file of its own, run in a process of its own. */
import type { DataSet } from '../data-sets.ts'

export interface BuildParameters {
  readonly M: number
  readonly efConstruction: number
  readonly threads: number
  /** For packages that take one. */
  readonly seed: number
}

export interface SearchParameters {
  readonly k: number
  readonly ef: number
  /** One of the adapter's `variants`. */
  readonly variant: string
}

/** The queries of the set, answered: all of them, or the first ones where all would take too long. */
export interface SearchPass {
  readonly seconds: number
  /** Per query answered, the rows returned, nearest first. */
  readonly found: number[][]
}

export interface BuiltIndex {
  /** Answers every query of the set, one at a time; only the searches are on the clock. */
  searchAll(parameters: SearchParameters): Promise<SearchPass>
  /** Milliseconds of each of many single searches, the queries taken in turn; left out where a package cannot be timed so. */
  latenciesMs?(parameters: SearchParameters): Promise<Float64Array>
  /** Answers every query of the set in one call, with all threads; left out where a package has no such call. */
  searchBatch?(parameters: SearchParameters): Promise<SearchPass>
  /** Bytes per vector, where the package tells. */
  readonly bytesPerVector?: number
  close(): Promise<void> | void
}

export interface PreparedSet {
  /** Timed from call to settlement. */
  build(parameters: BuildParameters): Promise<BuiltIndex>
}

export interface Adapter {
  readonly name: string
  /** Adapters of one group compete for its best figure: a package, where it has no kinds worth telling apart. */
  readonly group: string
  readonly version: string
  /** What a reader must know to judge the figures fair. */
  readonly notes: string
  /** Thread counts worth timing a build with; the index searched is built with the first. */
  readonly threadCounts: readonly number[]
  /** Ways to search one index, each swept over `ef`; `['']` where there is one way. */
  readonly variants: readonly string[]
  /** True where every search compares the query with every vector: `ef` means nothing, and one point is the whole sweep. */
  readonly isExact?: boolean
  /** False where the index does not live in the adapter's own process, whose memory then says nothing about it. */
  readonly isInProcess?: boolean
  /** Brings the set into the shape the package wants; not timed. */
  prepare(set: DataSet): Promise<PreparedSet>
}
