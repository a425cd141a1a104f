/** One way to build and search an index; each peer is a small file of its own, run in a process of its own. */
import type { DataSet, QuerySet } from '../data-sets.ts'

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

/** An index that has been brought back from its files. */
export interface LoadedIndex {
  /** The rows nearest to query `q` of the set. */
  search(q: number, k: number): Promise<number[]> | number[]
  close(): Promise<void> | void
}

/** Brings an index back from the folder that it was saved to. Timed from call to settlement. */
export type Loader = (folder: string) => Promise<LoadedIndex> | LoadedIndex

/** How an index gets to its files. */
export interface Persistence {
  /** Writes the index below an empty folder; left out where a package writes while it builds. */
  save?(folder: string): Promise<void> | void
  /** Where the index lies already, if there is no `save`. */
  readonly folder?: string
  /** Off the clock, before the files are loaded in another process: lets go of what would keep them busy. */
  release?(): Promise<void> | void
}

/** Work that goes on beside searches: half of the set is indexed when it begins. */
export interface Load {
  /** Asks for one query; settles when the answer is there. */
  search(q: number): Promise<unknown>
  /** Must not hold the event loop. */
  work(): Promise<void>
  close(): Promise<void> | void
}

/** `add` puts the other half of the set in; `compact` puts the index, whose halves are there already, in order. */
export type LoadKind = 'add' | 'compact'

export interface BuiltIndex {
  /** Answers every query of the set, one at a time; only the searches are on the clock. */
  searchAll(parameters: SearchParameters): Promise<SearchPass>
  /** Milliseconds of each of many single searches, the queries taken in turn; left out where a package cannot be timed so. */
  latenciesMs?(parameters: SearchParameters): Promise<Float64Array>
  /** Answers every query of the set in one call, with all threads; left out where a package has no such call. */
  searchBatch?(parameters: SearchParameters): Promise<SearchPass>
  /** Left out where a package cannot store an index. */
  readonly persistence?: Persistence
  /** Bytes per vector, where the package tells. */
  readonly bytesPerVector?: number
  close(): Promise<void> | void
}

export interface PreparedSet {
  /** Timed from call to settlement. */
  build(parameters: BuildParameters): Promise<BuiltIndex>
  /** What a package can do while it answers searches; a kind is left out where it holds the event loop until it is done. */
  readonly loads?: Readonly<
    Partial<Record<LoadKind, (build: BuildParameters, search: SearchParameters) => Promise<Load>>>
  >
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
  /** Only every so manieth `ef` is searched with: for packages so slow that all of them would take most of the run. */
  readonly efStep?: number
  /** True where every search compares the query with every vector: `ef` means nothing, and one point is the whole sweep. */
  readonly isExact?: boolean
  /** False where the index does not live in the adapter's own process, whose memory then says nothing about it. */
  readonly isInProcess?: boolean
  /** The ways to load an index whose `persistence` stored it, by name, ready to answer these queries. */
  loaders?(queries: QuerySet): Readonly<Record<string, Loader>>
  /** Brings the set into the shape the package wants; not timed. */
  prepare(set: DataSet): Promise<PreparedSet>
}
