/** The shape of bench/results/*.json: raw figures first, everything else can be computed from them again. */

import type { LoadKind } from './adapters/adapter.ts'
import type { SweepPoint } from './metrics.ts'
import type { ParallelResults } from './parallel.ts'
import type { BuildAnswer, LatencyAnswer, PeerDescription } from './peer-messages.ts'
import type { PersistenceAnswer } from './persistence.ts'
import type { RunStamp } from './run-stamp.ts'
import type { UnderLoadAnswer } from './under-load.ts'

export interface BuildResult {
  readonly threads: number
  /** One per round. */
  readonly rounds: (BuildAnswer & { readonly vectorsPerSecond: number })[]
}

export interface SweepResult {
  readonly variant: string
  /** Per round, one point per `ef`. */
  readonly rounds: SweepPoint[][]
}

/** Where latencies and batches are measured: the fastest point of a peer's sweeps that reaches the recall. */
export interface OperatingPoint {
  readonly ef: number
  readonly variant: string
  /** Median of the rounds. */
  readonly recall: number
}

export interface BatchResult {
  readonly recall: number
  readonly queriesPerSecond: number
}

export interface PeerResult extends PeerDescription {
  readonly builds: BuildResult[]
  readonly sweeps: SweepResult[]
  /** Left out where no point reaches `operatingRecall`. */
  operatingPoint?: OperatingPoint
  /** One per search round; empty where the package cannot be timed so. */
  readonly latencies?: LatencyAnswer[]
  /** One per search round; empty where the package has no batch call. */
  readonly batches?: BatchResult[]
  /** One per round; empty where the package cannot store an index. */
  readonly persistence?: PersistenceAnswer[]
  /** One per round and kind of load that leaves the event loop free. */
  readonly underLoad?: ({ readonly load: LoadKind } & UnderLoadAnswer)[]
  /** Why this peer has no figures, or stops having them. */
  failure?: string
}

export interface RunParameters {
  readonly M: number
  readonly efConstruction: number
  readonly k: number
  readonly efs: readonly number[]
  readonly buildRounds: number
  readonly searchRounds: number
  /** A build of a round is made again until this has passed: short ones would hit a slow moment of the machine or miss it. */
  readonly leastBuildSeconds?: number
  /** Of everything random that can be seeded: segvec, hnswlib-node, generated sets. */
  readonly seed?: number
  /** The recall at which latencies and batches are measured. */
  readonly operatingRecall?: number
}

/** What reading a file from beginning to end takes on the machine, in bytes per second, one per round. */
export interface ReadSpeeds {
  readonly warm: number[]
  /** Empty where the system cannot be made to forget a file. */
  readonly cold: number[]
}

export interface Machine {
  readonly cpu?: string | undefined
  readonly cores: number
  readonly memoryBytes: number
  readonly platform?: string
  readonly instructionSets: { readonly selected: string; readonly available: readonly string[] }
}

export interface BenchResults extends RunStamp {
  readonly set: {
    readonly name: string
    readonly rows: number
    readonly dimension: number
    readonly metric: string
    readonly queries: number
    readonly groundTruth: string
  }
  readonly parameters: RunParameters
  readonly peers: PeerResult[]
  /** Of the file with the set's vectors, in the same rounds as the peers' persistence. */
  readonly readSpeeds?: ReadSpeeds
  /** How segvec's build gains from threads, where the run was asked for it. */
  readonly parallel?: ParallelResults
}
