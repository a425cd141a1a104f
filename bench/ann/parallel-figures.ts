/** What the parallelism report says, drawn from the builds. */
import { median } from './metrics.ts'
import type { ParallelBuild, ParallelResults } from './parallel.ts'

/** Medians of the rounds, in seconds by the clock. */
export interface Phases {
  readonly threads: number
  readonly copy: number
  /** By one thread; undefined where it was not measured. */
  readonly encode: number | undefined
  /** What is left of the add. */
  readonly insert: number
  /** Only where workers fill segments of their own. */
  readonly compact: number | undefined
  readonly total: number
  readonly vectorsPerSecond: number
  /** How many times as fast as one worker. */
  readonly speedUp: number
  /** The same, were there as many cores as workers: copy and encoding stay with one, the rest is divided evenly. */
  readonly projected: number
}

const at = (builds: readonly ParallelBuild[], threads: number) =>
  builds.filter((build) => build.threads === threads)
const medianOf = (builds: readonly ParallelBuild[], of: (build: ParallelBuild) => number) =>
  median(builds.map(of))

const compactSeconds = ({ compact }: ParallelBuild) => compact?.seconds ?? 0

/** Per number of workers, for the builds of one graph (`scaling`) or for those of a segment for each worker (`segments`). */
export function phasesOf(results: ParallelResults, kind: 'scaling' | 'segments'): Phases[] {
  const { encode: codes } = results
  const builds = (kind === 'segments' && results.segments) || []
  const single = at(results.scaling, 1)
  if (single.length === 0) return []
  const measured = kind === 'scaling' ? results.scaling : [...single, ...builds]
  const serialEncode = codes === undefined ? undefined : codes.fitSeconds + codes.encodeSeconds
  const one = {
    total: medianOf(single, ({ seconds }) => seconds),
    copy: medianOf(single, ({ copySeconds }) => copySeconds),
  }
  const counts = [...new Set(measured.map(({ threads }) => threads))].sort((a, b) => a - b)
  return counts.map((threads) => {
    const same = at(measured, threads)
    const add = medianOf(same, ({ seconds }) => seconds)
    const copy = medianOf(same, ({ copySeconds }) => copySeconds)
    const hasMerge = kind === 'segments' && threads > 1
    const compact = hasMerge ? medianOf(same, compactSeconds) : undefined
    // Segments encode their own rows side by side.
    const encode = serialEncode && serialEncode / (hasMerge ? Math.min(threads, results.cores) : 1)
    const total = medianOf(same, (build) => build.seconds + compactSeconds(build))
    const alone = one.copy + (hasMerge ? 0 : (serialEncode ?? 0))
    const merge = hasMerge ? medianOf(same, (build) => build.compact?.cpuSeconds ?? 0) / threads : 0
    return {
      threads,
      copy,
      encode,
      insert: add - copy - (encode ?? 0),
      compact,
      total,
      vectorsPerSecond: results.rows / total,
      speedUp: one.total / total,
      projected: one.total / (alone + (one.total - alone) / threads + merge),
    }
  })
}
