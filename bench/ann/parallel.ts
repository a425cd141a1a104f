/** What threads do for segvec's own build: speed-up, where the time goes, and how much the size of a batch matters. */
import { availableParallelism } from 'node:os'
import { VectorIndex } from 'segvec'
import type { DataSet } from './data-sets.ts'

export interface ParallelBuild {
  readonly threads: number
  /** Vectors per call of `add`; all of them in one where it is the set's size. */
  readonly batchRows: number
  readonly seconds: number
  /** Processor time of all threads. */
  readonly cpuSeconds: number
  readonly vectorsPerSecond: number
  /** Of builds in one call only, to the grain of `onProgress` (a tenth of a second). */
  readonly phases?: BuildPhases
}

export interface BuildPhases {
  /** Until the first vector is in the graph: the copy into native memory and the encoding. */
  readonly copySeconds: number
  /** The rest. */
  readonly insertSeconds: number
}

export interface ParallelResults {
  readonly cores: number
  readonly rows: number
  /** One call of `add` per build, per number of threads and round. */
  readonly scaling: readonly ParallelBuild[]
  /** Threads x batch sizes, per round. */
  readonly grid: readonly ParallelBuild[]
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
  const grid: ParallelBuild[] = []
  const record = (builds: ParallelBuild[], build: ParallelBuild) => {
    builds.push(build)
    const { threads, batchRows, vectorsPerSecond } = build
    run.log(
      `build  segvec, ${threads} thread(s), batches of ${batchRows}: ${vectorsPerSecond.toFixed(0)} vectors/s`,
    )
  }
  for (let round = 0; round < Math.min(run.rounds, mostRounds); round++) {
    for (const threads of threadCounts) record(scaling, await buildOnce({ ...run, set }, threads, rows))
    for (const threads of gridThreads)
      for (const batchRows of batches) record(grid, await buildOnce({ ...run, set }, threads, batchRows))
  }
  return { cores: availableParallelism(), rows, scaling, grid }
}

async function buildOnce(run: ParallelRun, threads: number, batchRows: number): Promise<ParallelBuild> {
  const { set, M, efConstruction, seed } = run
  const { dimension, metric, base } = set
  const rows = base.length / dimension
  const index = new VectorIndex({ dimension, metric, M, efConstruction, threads, seed })
  let firstMs: number | undefined
  const cpu = process.cpuUsage()
  const start = performance.now()
  for (let row = 0; row < rows; row += batchRows) {
    const batch = base.subarray(row * dimension, Math.min(row + batchRows, rows) * dimension)
    await index.add(batch, {
      onProgress: ({ insertedCount, totalCount, elapsedMs }) => {
        // The last report tells nothing about where the time went.
        if (insertedCount > 0 && insertedCount < totalCount) firstMs ??= elapsedMs
      },
    })
  }
  const elapsedMs = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  await index.close()
  return {
    threads,
    batchRows,
    seconds: elapsedMs / 1000,
    cpuSeconds: (user + system) / 1e6,
    vectorsPerSecond: (rows / elapsedMs) * 1000,
    ...(batchRows === rows && firstMs !== undefined
      ? { phases: { copySeconds: firstMs / 1000, insertSeconds: (elapsedMs - firstMs) / 1000 } }
      : {}),
  }
}
