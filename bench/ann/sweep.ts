/** Sweeps of `ef` over indexes of segvec in this process, interleaved. */
import type { VectorIndex } from 'segvec'
import { rowCopies } from './adapters/rows.ts'
import type { DataSet } from './data-sets.ts'
import { recall, type SweepPoint } from './metrics.ts'

/** One index, the set it holds, and the distance of the k-th neighbor of each of the set's queries. */
export interface Searched {
  readonly index: VectorIndex
  readonly set: DataSet
  readonly thresholds: readonly number[]
}

/** As in adapters/search-pass.ts: passes are repeated this long before and on the clock. */
const warmUpSeconds = 0.05
const timedSeconds = 0.2

/**
 * Per index, one point for each `ef`: single queries on this thread. Each `ef` goes over all indexes before the next. Speeds are
 * those in processor time, which other programs on the machine disturb least.
 */
export function sweepAll(searched: readonly Searched[], k: number, efs: readonly number[]): SweepPoint[][] {
  const queries = searched.map(({ set }) => rowCopies(set.queries, set.dimension))
  const sweeps: SweepPoint[][] = searched.map(() => [])
  for (const ef of efs) {
    for (const [i, { index, set, thresholds }] of searched.entries()) {
      const pass = () =>
        (queries[i] ?? []).map((query) => index.searchSync(query, { k, ef }).map((hit) => hit.id))
      passes(pass, warmUpSeconds)
      const { found, secondsPerPass } = passes(pass, timedSeconds)
      const queriesPerSecond = found.length / secondsPerPass
      sweeps[i]?.push({ ef, recall: recall(set, k, thresholds, found), queriesPerSecond })
    }
  }
  return sweeps
}

function passes(pass: () => number[][], leastSeconds: number): { found: number[][]; secondsPerPass: number } {
  const start = process.cpuUsage()
  for (let count = 1; ; count++) {
    const found = pass()
    const { user, system } = process.cpuUsage(start)
    const seconds = (user + system) / 1e6
    if (seconds >= leastSeconds) return { found, secondsPerPass: seconds / count }
  }
}
