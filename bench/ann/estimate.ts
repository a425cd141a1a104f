/** How long a comparison will take, roughly: what its parts took on the machine of the reference run. */
import type { RunParameters } from './results.ts'

/** Microseconds to add one vector to hnswlib-node with one thread, efConstruction 200: a part for each, and one for each dimension. */
const perVector = 250
const perDimension = 0.6

/** Builds of all thread counts, as a share of hnswlib-node's. */
const buildShares: readonly [string, number][] = [
  ['segvec none', 0.5],
  ['segvec', 0.25],
  ['hnswlib-node', 1],
  ['hnswlib C++', 0.5],
  ['usearch f32', 1],
  ['usearch', 0.8],
  ['@zvec', 0.9],
  ['@lancedb', 1],
  ['sqlite-vec', 0.05],
]
const secondsPerPass = 0.4
/** The latencies, the batch and what is done beside other work or on disk. */
const secondsPerOperatingRound = 2
const secondsPerLastRound = 6

export interface RunSize {
  readonly rows: number
  readonly dimension: number
  readonly adapters: readonly string[]
}

export function estimatedMinutes(
  { rows, dimension, adapters }: RunSize,
  { efs, buildRounds, searchRounds, leastBuildSeconds = 0 }: RunParameters,
): number {
  const share = (name: string) => buildShares.find(([start]) => name.startsWith(start))?.[1] ?? 1
  const baseline = (rows * (perVector + perDimension * dimension)) / 1e6
  const buildSeconds = adapters.reduce(
    (sum, name) => sum + Math.max(baseline * share(name), leastBuildSeconds),
    0,
  )
  const lastRounds = Math.min(searchRounds, 3)
  const seconds =
    buildSeconds * (Math.max(1, buildRounds) + lastRounds * 0.2) +
    adapters.length * searchRounds * (efs.length * secondsPerPass + secondsPerOperatingRound) +
    adapters.length * lastRounds * secondsPerLastRound * 0.5
  return seconds / 60
}
