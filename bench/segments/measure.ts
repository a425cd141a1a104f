/** What it costs to search several segments instead of one, and what it costs to make one of them. */
import { VectorIndex } from 'segvec'
import type { DataSet } from '../ann/data-sets.ts'
import type { SweepPoint } from '../ann/metrics.ts'
import type { RunStamp } from '../ann/run-stamp.ts'
import { sweepAll } from '../ann/sweep.ts'
import { type Duration, timed } from '../ann/timed.ts'

export interface SegmentsParameters {
  readonly M: number
  readonly efConstruction: number
  readonly k: number
  readonly seed: number
  readonly efs: readonly number[]
  /** Of builds and compactions. */
  readonly threads: number
}

/** The same vectors in so many segments of equal size. */
export interface Division {
  readonly segments: number
  readonly build: Duration
  readonly sweep: readonly SweepPoint[]
  /** Of all segments to one; left out where there is one. */
  readonly compact?: Duration
  /** After that; of one segment, a second sweep in the same turn. */
  readonly sweepAfter: readonly SweepPoint[]
}

export interface SegmentsResults extends RunStamp {
  readonly set: {
    readonly name: string
    readonly rows: number
    readonly dimension: number
    readonly metric: string
  }
  readonly parameters: SegmentsParameters
  readonly rounds: readonly (readonly Division[])[]
}

/** One round: all divisions are built, swept beside each other, compacted, and swept again. */
export async function measureRound(
  set: DataSet,
  thresholds: readonly number[],
  counts: readonly number[],
  { M, efConstruction, k, seed, efs, threads }: SegmentsParameters,
): Promise<Division[]> {
  const { dimension, metric } = set
  const made: { segments: number; index: VectorIndex; build: Duration }[] = []
  for (const segments of counts) {
    const index = new VectorIndex({
      ...{ dimension, metric, M, efConstruction, seed, threads },
      growingSegments: segments,
      compaction: 'manual',
    })
    const build = await timed(() => index.add(set.base))
    const { length } = index.stats().segments
    if (length !== segments) throw new Error(`the index has ${length} segments; expected ${segments}`)
    made.push({ segments, index, build })
  }
  const searched = made.map(({ index }) => ({ index, set, thresholds }))
  const before = sweepAll(searched, k, efs)
  const compactions: (Duration | undefined)[] = []
  for (const { index, segments } of made) {
    compactions.push(segments === 1 ? undefined : await timed(() => index.compact()))
    if (index.stats().segments.length !== 1) throw new Error('a compaction left more than one segment')
  }
  const after = sweepAll(searched, k, efs)
  for (const { index } of made) await index.close()
  return made.map(({ segments, build }, i) => {
    const compact = compactions[i]
    return {
      segments,
      build,
      sweep: before[i] ?? [],
      ...(compact === undefined ? {} : { compact }),
      sweepAfter: after[i] ?? [],
    }
  })
}
