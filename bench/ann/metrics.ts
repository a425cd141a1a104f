/** Recall against exact ground truth, and the figures drawn from a sweep of `ef`. */
import type { Metric } from 'segvec'
import type { DataSet } from './data-sets.ts'
import type { LatencyAnswer } from './peer-messages.ts'

/** The distance of segvec's metrics, in double precision. */
export function distance(metric: Metric, a: Float32Array, b: Float32Array): number {
  let dot = 0
  let squares = 0
  let aa = 0
  let bb = 0
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number
    const y = b[i] as number
    dot += x * y
    squares += (x - y) ** 2
    aa += x * x
    bb += y * y
  }
  if (metric === 'l2') return squares
  return 1 - (metric === 'ip' ? dot : dot / Math.sqrt(aa * bb))
}

const row = (data: Float32Array, dimension: number, index: number) =>
  data.subarray(index * dimension, (index + 1) * dimension)

/**
 * The share of the `k` nearest that were found, by distance: a returned row counts when it is no farther than the true
 * k-th neighbor, so that ties are no misses (as in ann-benchmarks).
 *
 * @param thresholds per query, the true distance of its k-th neighbor.
 * @param found per query, the rows returned.
 */
export function recall(
  set: DataSet,
  k: number,
  thresholds: readonly number[],
  found: readonly number[][],
): number {
  let hits = 0
  found.forEach((rows, q) => {
    const query = row(set.queries, set.dimension, q)
    const limit = (thresholds[q] as number) + 1e-5 * Math.abs(thresholds[q] as number) + 1e-7
    for (const r of new Set(rows.slice(0, k))) {
      if (distance(set.metric, query, row(set.base, set.dimension, r)) <= limit) hits++
    }
  })
  return hits / (found.length * k)
}

export interface SweepPoint {
  readonly ef: number
  readonly recall: number
  readonly queriesPerSecond: number
}

/** Queries per second at a recall, by interpolating log(qps) between the points around it; undefined out of reach. */
export function queriesPerSecondAt(points: readonly SweepPoint[], wanted: number): number | undefined {
  const sorted = [...points].sort((a, b) => a.ef - b.ef)
  const above = sorted.findIndex((point) => point.recall >= wanted)
  const high = sorted[above]
  if (high === undefined) return undefined
  const low = sorted[above - 1]
  if (low === undefined || high.recall === low.recall) return high.queriesPerSecond
  const share = (wanted - low.recall) / (high.recall - low.recall)
  return Math.exp(Math.log(low.queriesPerSecond) * (1 - share) + Math.log(high.queriesPerSecond) * share)
}

/** The median, the slowest of a hundred and of a thousand, and the slowest of all. */
export function percentiles(latenciesMs: Float64Array): LatencyAnswer {
  const sorted = latenciesMs.slice().sort()
  const count = sorted.length
  const at = (share: number) => sorted[Math.min(count - 1, Math.floor(share * count))] as number
  return { count, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), maximumMs: at(1) }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
