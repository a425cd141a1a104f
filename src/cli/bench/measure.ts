import { type Evaluation, evaluateSearches } from '../../evaluate.ts'
import type { Metric, Quantization } from '../../index-options.ts'
import { VectorIndex } from '../../vector-index.ts'
import { readerOf } from '../../vectors.ts'
import type { BenchVectors } from './vectors.ts'

/** What is varied, and how often. */
export interface Plan {
  readonly metric: Metric
  readonly k: number
  readonly threads: readonly number[]
  readonly quantizations: readonly Quantization[]
  readonly rounds: number
}

export interface BuildFigure {
  readonly quantization: Quantization
  readonly threads: number
  /** One per round. */
  readonly vectorsPerSecond: readonly number[]
}

export interface SearchFigure {
  readonly quantization: Quantization
  readonly ef: number
  readonly recall: number
  /** One per round, of single searches on one thread. */
  readonly queriesPerSecond: readonly number[]
  readonly latencyMs: readonly Evaluation['latencyMs'][]
}

export interface Measurement {
  readonly builds: readonly BuildFigure[]
  readonly searches: readonly SearchFigure[]
  readonly bytesPerVector: Readonly<Partial<Record<Quantization, number>>>
  /** Of the exact scan, on one thread. */
  readonly exactQueriesPerSecond: number
}

/** How the work goes on. */
export interface Watcher {
  step(label: string): void
  update(share: number): void
}

const efs = [10, 12, 16, 20, 26, 34, 44, 58, 76, 100, 140, 200, 300, 400, 600, 800]
const exactSearches = 20

export async function measure(vectors: BenchVectors, plan: Plan, watcher: Watcher): Promise<Measurement> {
  const builds: BuildFigure[] = []
  const indexes = new Map<Quantization, VectorIndex>()
  try {
    for (const quantization of plan.quantizations) {
      for (const threads of plan.threads) {
        const { index, vectorsPerSecond } = await buildRounds(vectors, plan, quantization, threads, watcher)
        builds.push({ quantization, threads, vectorsPerSecond })
        await indexes.get(quantization)?.close()
        indexes.set(quantization, index)
      }
    }
    const searches = await measureSearches(vectors, plan, indexes, watcher)
    const [first] = indexes.values()
    return {
      builds,
      searches,
      bytesPerVector: Object.fromEntries(
        [...indexes].map(([quantization, index]) => [quantization, index.stats().memoryBytes / index.size]),
      ),
      exactQueriesPerSecond: exactSpeed(first as VectorIndex, vectors, plan.k),
    }
  } finally {
    for (const index of indexes.values()) await index.close()
  }
}

async function buildRounds(
  { dimension, base }: BenchVectors,
  { metric, rounds }: Plan,
  quantization: Quantization,
  threads: number,
  watcher: Watcher,
): Promise<{ index: VectorIndex; vectorsPerSecond: number[] }> {
  const vectorsPerSecond: number[] = []
  let built: VectorIndex | undefined
  for (let round = 1; round <= rounds; ++round) {
    watcher.step(`build, ${quantization}, ${threads} thread(s), round ${round} of ${rounds}`)
    await built?.close()
    built = new VectorIndex({ dimension, metric, quantization, threads })
    await built.add(base, {
      onProgress: ({ insertedCount, totalCount, vectorsPerSecond: speed }) => {
        watcher.update(insertedCount / totalCount)
        if (insertedCount === totalCount) vectorsPerSecond.push(speed)
      },
    })
  }
  return { index: built as VectorIndex, vectorsPerSecond }
}

/** All settings in turn, round after round, so that a slow moment of the machine does not fall on one of them. */
async function measureSearches(
  { dimension, queries }: BenchVectors,
  { k, rounds }: Plan,
  indexes: ReadonlyMap<Quantization, VectorIndex>,
  watcher: Watcher,
): Promise<SearchFigure[]> {
  const [first] = indexes.values()
  watcher.step('exact scan')
  const truth = await (first as VectorIndex).searchBatch(queries, { k, exact: true })
  const reader = readerOf(queries, dimension, { all: 'queries', one: 'query' })
  const wideEnough = efs.filter((ef) => ef >= k)
  const settings = [...indexes].flatMap(([quantization, index]) =>
    (wideEnough.length > 0 ? wideEnough : [k]).map((ef) => {
      const evaluations: Evaluation[] = []
      return { quantization, index, ef, evaluations }
    }),
  )
  for (let round = 1; round <= rounds; ++round) {
    watcher.step(`searches, round ${round} of ${rounds}`)
    for (const [done, { index, ef, evaluations }] of settings.entries()) {
      const searches = {
        exact: async () => truth,
        approximate: (query: Float32Array) => index.searchSync(query, { k, ef }),
      }
      evaluations.push(await evaluateSearches(reader, { k, ef }, searches))
      watcher.update((done + 1) / settings.length)
    }
  }
  return settings.map(({ quantization, ef, evaluations }) => ({
    quantization,
    ef,
    recall: (evaluations[0] as Evaluation).recall,
    queriesPerSecond: evaluations.map((evaluation) => evaluation.queriesPerSecond),
    latencyMs: evaluations.map((evaluation) => evaluation.latencyMs),
  }))
}

function exactSpeed(index: VectorIndex, { dimension, queries }: BenchVectors, k: number): number {
  const count = Math.min(exactSearches, queries.length / dimension)
  const start = performance.now()
  for (let q = 0; q < count; ++q) {
    index.searchSync(queries.subarray(q * dimension, (q + 1) * dimension), { k, exact: true })
  }
  return (count / (performance.now() - start)) * 1000
}
