/** What workers do for segvec's own build: speed-up, where the time goes, and how much the size of a batch matters. */
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { VectorIndex } from 'segvec'
import type { DataSet } from './data-sets.ts'
import { type EncodeTimes, measureEncoding } from './encoding.ts'
import { type Duration, timed } from './timed.ts'

export interface ParallelBuild extends Duration {
  readonly threads: number
  /** Vectors per call of `add`; all of them in one where it is the set's size. */
  readonly batchRows: number
  readonly vectorsPerSecond: number
  /** Of the seconds, those that the event loop was busy: it copies the vectors, slice by slice. */
  readonly copySeconds: number
  /** Where every worker has filled a segment of its own: merging them into one. It is in the speed, not in `seconds`. */
  readonly compact?: Duration
}

export interface ParallelResults {
  readonly cores: number
  readonly rows: number
  /** All workers build one graph: one call of `add` per build, per number of threads and round. */
  readonly scaling: readonly ParallelBuild[]
  /** Every worker fills a segment of its own, and `compact()` makes one of them; in the same rounds. */
  readonly segments?: readonly ParallelBuild[]
  /** Threads x batch sizes, per round. */
  readonly grid: readonly ParallelBuild[]
  /** What bringing all rows into 8-bit codes takes one thread; a part of the builds above. Left out where it cannot be compiled. */
  readonly encode?: EncodeTimes
}

const threadCounts = [1, 2, 4, 8, 16]
const gridThreads = [1, 2, 4, 8]
const gridBatches = [64, 512, 4096, 16_384]
/** More rows and rounds take minutes, and say the same. */
const mostRows = 20_000
const mostRounds = 3

export interface ParallelRun {
  readonly set: DataSet
  readonly rounds: number
  readonly M: number
  readonly efConstruction: number
  readonly seed: number
  log(text: string): void
}

/**
 * Builds the first rows of the set, round after round over all settings in turn, so that a slow minute of the machine hits
 * all of them.
 */
export async function measureParallelism(run: ParallelRun): Promise<ParallelResults> {
  const { dimension, base } = run.set
  const rows = Math.min(base.length / dimension, mostRows)
  const set = { ...run.set, base: base.subarray(0, rows * dimension) }
  const batches = gridBatches.filter((batch) => batch < rows)
  const scaling: ParallelBuild[] = []
  const segments: ParallelBuild[] = []
  const grid: ParallelBuild[] = []
  const record = async (builds: ParallelBuild[], threads: number, batchRows: number, growing: number) => {
    const build = await buildOnce({ ...run, set }, threads, batchRows, growing)
    builds.push(build)
    const how = growing === 1 ? `batches of ${batchRows}` : `${growing} segments, merged`
    run.log(`build  segvec, ${threads} thread(s), ${how}: ${build.vectorsPerSecond.toFixed(0)} vectors/s`)
  }
  for (let round = 0; round < Math.min(run.rounds, mostRounds); round++) {
    for (const threads of threadCounts) {
      await record(scaling, threads, rows, 1)
      if (threads > 1) await record(segments, threads, rows, threads)
    }
    for (const threads of gridThreads)
      for (const batchRows of batches) await record(grid, threads, batchRows, 1)
  }
  const encode = measureEncoding(set, run.log)
  return {
    ...{ cores: availableParallelism(), rows, scaling, segments, grid },
    ...(encode === undefined ? {} : { encode }),
  }
}

async function buildOnce(
  run: ParallelRun,
  threads: number,
  batchRows: number,
  growingSegments: number,
): Promise<ParallelBuild> {
  const { set, M, efConstruction, seed } = run
  const { dimension, metric, base } = set
  const rows = base.length / dimension
  const index = new VectorIndex({
    ...{ dimension, metric, M, efConstruction, threads, seed, growingSegments },
    compaction: 'manual',
  })
  const loop = performance.eventLoopUtilization()
  const add = await timed(async () => {
    for (let row = 0; row < rows; row += batchRows) {
      await index.add(base.subarray(row * dimension, Math.min(row + batchRows, rows) * dimension))
    }
  })
  const copySeconds = performance.eventLoopUtilization(loop).active / 1000
  const compact = growingSegments === 1 ? undefined : await timed(() => index.compact())
  await index.close()
  return {
    threads,
    batchRows,
    ...add,
    copySeconds,
    ...(compact === undefined ? {} : { compact }),
    vectorsPerSecond: rows / (add.seconds + (compact?.seconds ?? 0)),
  }
}
