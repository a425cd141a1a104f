/** Ratios drawn from the rounds: always within one round, then the estimate of them all. */
import { type Ratio, ratio } from '../ann/figures-of.ts'
import { queriesPerSecondAt, type SweepPoint } from '../ann/metrics.ts'
import type { Division, SegmentsResults } from './measure.ts'

const ratios = (
  { rounds }: SegmentsResults,
  segments: number,
  of: (division: Division, single: Division) => number | undefined,
): Ratio | undefined => {
  const values = rounds.map((round) => {
    const division = round.find((each) => each.segments === segments)
    const single = round.find((each) => each.segments === 1)
    return division && single && of(division, single)
  })
  return values.length === 0 || values.includes(undefined) ? undefined : ratio(values as number[])
}

const quotient = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? undefined : a / b

const speedRatio = (a: readonly SweepPoint[], b: readonly SweepPoint[], recall: number) =>
  quotient(queriesPerSecondAt(a, recall), queriesPerSecondAt(b, recall))

/** Queries per second of so many segments, as a share of one's. */
export const shareOfOne = (results: SegmentsResults, segments: number, recall: number) =>
  ratios(results, segments, ({ sweep }, single) => speedRatio(sweep, single.sweep, recall))

/** The same when they have been merged, as a share of what was built as one. */
export const shareWhenMerged = (results: SegmentsResults, segments: number, recall: number) =>
  ratios(results, segments, ({ sweepAfter }, single) => speedRatio(sweepAfter, single.sweepAfter, recall))

/** What a merge takes, as a share of what building one segment of all vectors takes. */
export const mergeShare = (results: SegmentsResults, segments: number, unit: 'seconds' | 'cpuSeconds') =>
  ratios(results, segments, ({ compact }, single) => quotient(compact?.[unit], single.build[unit]))

/** Build and merge together, by the clock, as a share of building one segment: the time until searches are at full speed. */
export const timeToFullSpeed = (results: SegmentsResults, segments: number) =>
  ratios(results, segments, ({ build, compact }, single) =>
    quotient(compact && build.seconds + compact.seconds, single.build.seconds),
  )

/** Whether every sweep of the rounds reaches a recall. */
export const countsOf = ({ rounds }: SegmentsResults): number[] =>
  (rounds[0] ?? []).map(({ segments }) => segments)
