/** The shape of bench/results/*.json: raw figures first, everything else can be computed from them again. */

import type { SweepPoint } from './metrics.ts'
import type { BuildAnswer, PeerDescription } from './peer-messages.ts'

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

export interface PeerResult extends PeerDescription {
  readonly builds: BuildResult[]
  readonly sweeps: SweepResult[]
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
}

export interface BenchResults {
  readonly set: {
    readonly name: string
    readonly rows: number
    readonly dimension: number
    readonly metric: string
    readonly queries: number
    readonly groundTruth: string
  }
  readonly parameters: RunParameters
  readonly machine: object
  readonly versions: { readonly node: string; readonly commit: string; readonly isDirty: boolean }
  readonly date: string
  readonly peers: PeerResult[]
}
