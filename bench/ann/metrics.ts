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

/** A curve is drawn through the points of a sweep whose `ef` is within this factor; fewer than the least are joined by lines. */
const curveReach = 4
const leastCurvePoints = 5

/**
 * A positive figure of the points where a sweep reaches a recall, along the line in logarithms between the two points around it:
 * that of the first point where this is above the recall, `undefined` where none is.
 */
function between(
  points: readonly SweepPoint[],
  wanted: number,
  of: (point: SweepPoint) => number,
): number | undefined {
  const sorted = [...points].sort((a, b) => a.ef - b.ef)
  const above = sorted.findIndex((point) => point.recall >= wanted)
  const [low, high] = [sorted[above - 1], sorted[above]]
  if (high === undefined) return undefined
  if (low === undefined || high.recall === low.recall) return of(high)
  const share = (wanted - low.recall) / (high.recall - low.recall)
  return of(low) ** (1 - share) * of(high) ** share
}

/** The `ef` with which a sweep reaches a recall; `undefined` where it never does. */
export const efAt = (points: readonly SweepPoint[], wanted: number): number | undefined =>
  between(points, wanted, ({ ef }) => ef)

/**
 * Queries per second with the `ef` that reaches a recall; `undefined` where none does. It is that of a parabola in logarithms through
 * the points around it: a turn of a fifth of a second is off by 10 to 20 % on a shared machine, and its neighbors know better.
 */
export function queriesPerSecondAt(points: readonly SweepPoint[], wanted: number): number | undefined {
  const at = efAt(points, wanted)
  if (at === undefined) return undefined
  const near = points
    .map(({ ef, queriesPerSecond }) => ({ x: Math.log(ef / at), y: Math.log(queriesPerSecond) }))
    .filter(({ x }) => Math.abs(x) <= Math.log(curveReach))
  // At the end of a sweep a point knows best itself.
  const isInside = near.some(({ x }) => x < 0) && near.some(({ x }) => x > 0)
  if (!isInside || near.length < leastCurvePoints)
    return between(points, wanted, (point) => point.queriesPerSecond)
  return Math.exp(parabolaAtZero(near))
}

/** The height at 0 of the parabola that fits best (least squares, by Cramer's rule); the points have three different `x` at least. */
function parabolaAtZero(points: readonly { readonly x: number; readonly y: number }[]): number {
  const sum = (of: (x: number, y: number) => number) =>
    points.reduce((total, { x, y }) => total + of(x, y), 0)
  const [s0, s1, s2, s3, s4] = [0, 1, 2, 3, 4].map((power) => sum((x) => x ** power)) as Moments
  const [t0, t1, t2] = [0, 1, 2].map((power) => sum((x, y) => y * x ** power)) as [number, number, number]
  const determinant = (a: number, b: number, c: number) =>
    a * (s2 * s4 - s3 * s3) - s1 * (b * s4 - c * s3) + s2 * (b * s3 - c * s2)
  return determinant(t0, t1, t2) / determinant(s0, s1, s2)
}

type Moments = [number, number, number, number, number]

/** The median, the slowest of a hundred and of a thousand, and the slowest of all. */
export function percentiles(latenciesMs: Float64Array): LatencyAnswer {
  const sorted = latenciesMs.slice().sort()
  const count = sorted.length
  const at = (share: number) => sorted[Math.min(count - 1, Math.floor(share * count))] as number
  return { count, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), maximumMs: at(1) }
}

/**
 * The median of the means of all pairs of values, each with itself too (Hodges and Lehmann, Estimates of Location Based on Rank
 * Tests, 1963): as little moved by a few wild values as the median is, and steadier from sample to sample.
 */
export const pseudomedian = (values: readonly number[]): number =>
  median(values.flatMap((a, i) => values.slice(i).map((b) => (a + b) / 2)))

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
