import { median } from './metrics.ts'
import type { OperatingPoint, SweepResult } from './results.ts'

/** The fastest point of all sweeps whose recall, by the median of its rounds, is the one wanted; undefined out of reach. */
export function operatingPoint(sweeps: readonly SweepResult[], wanted: number): OperatingPoint | undefined {
  let best: (OperatingPoint & { queriesPerSecond: number }) | undefined
  for (const { variant, rounds } of sweeps) {
    for (const [i, { ef }] of (rounds[0] ?? []).entries()) {
      const points = rounds.flatMap((points) => points[i] ?? [])
      const recall = median(points.map((point) => point.recall))
      const queriesPerSecond = median(points.map((point) => point.queriesPerSecond))
      if (recall < wanted || (best !== undefined && queriesPerSecond <= best.queriesPerSecond)) continue
      best = { ef, variant, recall, queriesPerSecond }
    }
  }
  return best && { ef: best.ef, variant: best.variant, recall: best.recall }
}
