/** How building and searching one segment grow with the number of vectors. */
import { VectorIndex } from 'segvec'
import { scratchFolder } from '../ann/adapters/scratch-folder.ts'
import { segvecLoaders } from '../ann/adapters/segvec.ts'
import type { DataSet, QuerySet } from '../ann/data-sets.ts'
import type { SweepPoint } from '../ann/metrics.ts'
import { measurePersistence, type PersistenceAnswer } from '../ann/persistence.ts'
import type { RunStamp } from '../ann/run-stamp.ts'
import { saveOnce } from '../ann/save-once.ts'
import { writeQueries } from '../ann/set-files.ts'
import { sweepAll } from '../ann/sweep.ts'
import { type Duration, timed } from '../ann/timed.ts'

export interface ScaleParameters {
  readonly dimension: number
  readonly M: number
  readonly efConstruction: number
  readonly k: number
  readonly seed: number
  readonly efs: readonly number[]
  /** Of builds; searches have one. */
  readonly threads: number
}

export interface ScaleSize {
  readonly rows: number
  /** Small sizes are built several times: together they are as many vectors as the largest size, five builds at most. */
  readonly builds: readonly Duration[]
  readonly bytesPerVector: number
  /** One per round, beside those of the other sizes. */
  readonly sweeps: SweepPoint[][]
  /** To its files and back, one per round. */
  readonly persistence?: readonly PersistenceAnswer[]
}

export interface ScaleResults extends RunStamp {
  readonly parameters: ScaleParameters
  /** Ascending. */
  readonly sizes: readonly ScaleSize[]
}

export interface ScaleSet {
  readonly set: DataSet
  readonly thresholds: readonly number[]
}

const mostBuilds = 5

/** Builds every size, keeps all of them, and sweeps them beside each other. */
export async function measureScale(
  sets: readonly ScaleSet[],
  { dimension, M, efConstruction, k, seed, efs, threads }: ScaleParameters,
  rounds: number,
  log: (text: string) => void,
): Promise<ScaleSize[]> {
  const rowsOf = ({ base }: DataSet) => base.length / dimension
  const most = Math.max(...sets.map(({ set }) => rowsOf(set)))
  const made = []
  for (const { set, thresholds } of sets) {
    const rows = rowsOf(set)
    const options = { dimension, metric: set.metric, M, efConstruction, seed, threads, segmentCapacity: most }
    const builds: Duration[] = []
    let index: VectorIndex | undefined
    for (let build = 0; build < Math.min(mostBuilds, Math.ceil(most / rows)); build++) {
      await index?.close()
      const next = new VectorIndex(options)
      builds.push(await timed(() => next.add(set.base)))
      index = next
    }
    if (index === undefined) throw new Error('no build was made')
    log(`${rows} vectors built: ${builds.map(({ seconds }) => seconds.toFixed(2)).join(', ')} s`)
    made.push({ index, set, thresholds, rows, builds, sweeps: [] as SweepPoint[][] })
  }
  for (let round = 0; round < rounds; round++) {
    const sweeps = sweepAll(made, k, efs)
    for (const [i, sweep] of sweeps.entries()) made[i]?.sweeps.push(sweep)
    log(`round ${round + 1} of ${rounds} of searches done`)
  }
  const sizes: ScaleSize[] = []
  for (const { index, set, rows, builds, sweeps } of made) {
    const persistence = await persistenceRounds(index, set, k, rounds)
    log(`${rows} vectors saved and loaded`)
    sizes.push({ rows, builds, bytesPerVector: index.stats().memoryBytes / rows, sweeps, persistence })
    await index.close()
  }
  return sizes
}

async function persistenceRounds(
  index: VectorIndex,
  { metric, dimension, queries }: QuerySet,
  k: number,
  rounds: number,
): Promise<PersistenceAnswer[]> {
  const asked = scratchFolder()
  try {
    const set = { metric, dimension, queries }
    writeQueries(asked.path, set)
    const ways = Object.keys(segvecLoaders(set))
    const answers: PersistenceAnswer[] = []
    for (let round = 0; round < rounds; round++) {
      const answer = await measurePersistence(
        (newFolder) => saveOnce({ save: (folder) => index.save(folder) }, newFolder, ways),
        { adapter: 'segvec', setFolder: asked.path },
        k,
      )
      if (answer !== undefined) answers.push(answer)
    }
    return answers
  } finally {
    asked.remove()
  }
}
