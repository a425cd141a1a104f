/** One way to build and search an index; each peer is a small file of its own. */
import type { DataSet } from '../data-sets.ts'

export interface BuildParameters {
  readonly M: number
  readonly efConstruction: number
  readonly threads: number
}

export interface BuiltIndex {
  /** The rows nearest to query number `q` of the set. Single-threaded. */
  search(q: number, k: number, ef: number): number[]
  /** Bytes per vector, where the package tells. */
  readonly bytesPerVector?: number
  close(): Promise<void> | void
}

export interface Adapter {
  readonly name: string
  /** What a reader must know to judge the figures fair. */
  readonly notes: string
  readonly maxThreads: number
  /** Prepares the set in the shape the package wants; not timed. */
  prepare(set: DataSet): Promise<(parameters: BuildParameters) => Promise<BuiltIndex>>
}
