import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { BatchHits, VectorIndex } from 'segvec'

const k = 10
const efs = [64, 128, 200] as const
const leastMs = 600

/** Speed and quality of the search at one beam width. */
export interface Measurement {
  readonly ef: number
  /** Share of the true `k` nearest neighbours that were found, over all queries. */
  readonly recall: number
  /** `searchSync`, one call after the other on the calling thread. */
  readonly syncQueriesPerSecond: number
  /** `searchBatch`, on all threads of the index. */
  readonly batchQueriesPerSecond: number
}

/** Measures the search with `queries` at several beam widths; recall is against the exact scan of the same index. */
export async function measure(
  index: VectorIndex,
  queries: readonly Float32Array[],
  onProgress: (done: number, total: number) => void,
): Promise<Measurement[]> {
  const exact = await index.searchBatch(queries, { k, exact: true })
  const measurements: Measurement[] = []
  for (const ef of efs) {
    onProgress(measurements.length, efs.length)
    const found = await index.searchBatch(queries, { k, ef })
    const syncQueriesPerSecond = await rate(queries.length, () => {
      for (const query of queries) index.searchSync(query, { k, ef })
    })
    const batchQueriesPerSecond = await rate(queries.length, () => index.searchBatch(queries, { k, ef }))
    measurements.push({ ef, recall: recallOf(found, exact), syncQueriesPerSecond, batchQueriesPerSecond })
  }
  return measurements
}

/**
 * The share of hits that are as near as the exact k-th neighbour. It is judged by distance, so that among
 * equally near vectors (real text has exact duplicates) any will do.
 */
export function recallOf(found: BatchHits, exact: BatchHits): number {
  let hitCount = 0
  let trueCount = 0
  exact.counts.forEach((count, query) => {
    if (count === 0) return
    const farthest = (exact.distances[query * exact.k + count - 1] as number) + 1e-6
    trueCount += count
    for (let rank = 0; rank < (found.counts[query] as number); rank++) {
      if ((found.distances[query * found.k + rank] as number) <= farthest) hitCount++
    }
  })
  return trueCount === 0 ? 1 : Math.min(1, hitCount / trueCount)
}

/** Runs `round` until enough time has passed; returns operations per second. */
async function rate(operationsPerRound: number, round: () => unknown): Promise<number> {
  let rounds = 0
  const startMs = performance.now()
  let elapsedMs = 0
  while (elapsedMs < leastMs) {
    await round()
    rounds++
    elapsedMs = performance.now() - startMs
  }
  return (operationsPerRound * rounds * 1000) / elapsedMs
}

/** The measurements as a table for the terminal. */
export function describeMeasurements(measurements: readonly Measurement[], queryCount: number): string {
  const rows = measurements.map(({ ef, recall, syncQueriesPerSecond, batchQueriesPerSecond }) => [
    String(ef),
    recall.toFixed(4),
    Math.round(syncQueriesPerSecond).toLocaleString('en-US'),
    Math.round(batchQueriesPerSecond).toLocaleString('en-US'),
  ])
  const head = [
    'ef',
    `recall@${k}`,
    'searchSync queries/s',
    `searchBatch queries/s (${availableParallelism()} threads)`,
  ]
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, column) => cell.padStart(widths[column] as number)).join('   ')}`
  const note = `  ${queryCount} questions, k = ${k}; recall against the exact scan; searchSync uses one thread`
  return [line(head), ...rows.map(line), note].join('\n')
}
