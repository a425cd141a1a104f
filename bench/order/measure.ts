/** Whether it matters in which order the rows arrive: as they are in the file, sorted by topic perhaps, or shuffled. */
import { VectorIndex } from 'segvec'
import type { DataSet } from '../ann/data-sets.ts'
import type { SweepPoint } from '../ann/metrics.ts'
import type { RunStamp } from '../ann/run-stamp.ts'
import { sweepAll } from '../ann/sweep.ts'

export interface OrderRound {
  readonly arrived: readonly SweepPoint[]
  readonly shuffled: readonly SweepPoint[]
}

export interface OrderResults extends RunStamp {
  readonly set: {
    readonly name: string
    readonly rows: number
    readonly dimension: number
    readonly metric: string
  }
  readonly parameters: {
    readonly M: number
    readonly efConstruction: number
    readonly k: number
    readonly seed: number
    readonly efs: readonly number[]
  }
  readonly rounds: readonly OrderRound[]
}

/** Every row once, in an order that depends on nothing but the seed (Fisher and Yates). */
export function shuffledRows({ base, dimension }: DataSet, below: (bound: number) => number): Float32Array {
  const rows = base.slice()
  const spare = new Float32Array(dimension)
  for (let last = rows.length / dimension - 1; last > 0; last--) {
    const other = below(last + 1) * dimension
    spare.set(rows.subarray(other, other + dimension))
    rows.copyWithin(other, last * dimension, (last + 1) * dimension)
    rows.set(spare, last * dimension)
  }
  return rows
}

/** Builds both, and sweeps them beside each other, round after round. */
export async function measureOrder(
  set: DataSet,
  shuffled: DataSet,
  thresholds: readonly number[],
  { M, efConstruction, k, seed, efs }: OrderResults['parameters'],
  rounds: number,
): Promise<OrderRound[]> {
  const built = async (set: DataSet) => {
    const { dimension, metric } = set
    const index = new VectorIndex({ dimension, metric, M, efConstruction, seed })
    await index.add(set.base)
    return { index, set, thresholds }
  }
  const both = [await built(set), await built(shuffled)]
  const measured: OrderRound[] = []
  for (let round = 0; round < rounds; round++) {
    const [arrived = [], mixed = []] = sweepAll(both, k, efs)
    measured.push({ arrived, shuffled: mixed })
  }
  for (const { index } of both) await index.close()
  return measured
}
