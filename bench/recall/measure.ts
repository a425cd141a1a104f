/** How far `search` with `recall` keeps what it promises, on queries that the index has never seen. */
import { VectorIndex } from 'segvec'
import type { DataSet } from '../ann/data-sets.ts'
import { groundTruth } from '../ann/ground-truth.ts'
import { recall } from '../ann/metrics.ts'
import type { RunStamp } from '../ann/run-stamp.ts'

export interface RecallPoint {
  readonly k: number
  readonly wanted: number
  /** Of the held-out queries, against exact results. */
  readonly measured: number
}

export interface RecallResults extends RunStamp {
  readonly set: {
    readonly name: string
    readonly rows: number
    readonly dimension: number
    readonly metric: string
    readonly queries: number
  }
  readonly parameters: { readonly M: number; readonly efConstruction: number; readonly seed: number }
  readonly points: readonly RecallPoint[]
}

export async function measureRecall(
  set: DataSet,
  parameters: RecallResults['parameters'],
  ks: readonly number[],
  wanted: readonly number[],
): Promise<RecallPoint[]> {
  const { dimension, metric } = set
  const index = new VectorIndex({ dimension, metric, ...parameters })
  await index.add(set.base)
  const points: RecallPoint[] = []
  for (const k of ks) {
    const { thresholds } = await groundTruth(set, k, false)
    for (const target of wanted) {
      const { ids, counts, k: stride } = await index.searchBatch(set.queries, { k, recall: target })
      const found = Array.from(counts, (count, q) => Array.from(ids.subarray(q * stride, q * stride + count)))
      points.push({ k, wanted: target, measured: recall(set, k, thresholds, found) })
    }
  }
  await index.close()
  return points
}
