/** How far the true k-th neighbor of each query is. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { VectorIndex } from 'segvec'
import { rowViews } from './adapters/rows.ts'
import type { DataSet } from './data-sets.ts'
import { distance } from './metrics.ts'

export interface GroundTruth {
  readonly source: string
  /** Per query, the true distance of its k-th neighbor. */
  readonly thresholds: readonly number[]
}

const suffixes = { l2: 'l2', cosine: 'cos', ip: 'ip' } as const

/**
 * From the set's own file where the set is whole and has one, else by segvec's exact scan of every vector, kept under
 * build/ground-truth by a digest of everything it depends on.
 */
export async function groundTruth(set: DataSet, k: number, isLimited: boolean): Promise<GroundTruth> {
  const name = `gt_${suffixes[set.metric]}.ivecs`
  const file = join(set.folder ?? '', name)
  if (set.folder !== undefined && !isLimited && existsSync(file))
    return { source: name, thresholds: fromFile(set, k, file) }
  const cached = fileURLToPath(new URL(`../../build/ground-truth/${digestOf(set, k)}.json`, import.meta.url))
  if (!existsSync(cached)) {
    const thresholds = await exactThresholds(set, k)
    mkdirSync(dirname(cached), { recursive: true })
    // Under its name only once it is whole: a run that is interrupted must leave no half of it.
    writeFileSync(`${cached}.${process.pid}`, JSON.stringify(thresholds))
    renameSync(`${cached}.${process.pid}`, cached)
  }
  return { source: 'exact scan', thresholds: JSON.parse(readFileSync(cached, 'utf8')) }
}

function digestOf({ metric, dimension, base, queries }: DataSet, k: number): string {
  const hash = createHash('sha256').update(`${metric} ${dimension} ${k}`)
  return hash.update(base).update(queries).digest('hex').slice(0, 32)
}

/** `.ivecs`: per query an int32 count and that many int32 row numbers, nearest first. */
function fromFile(set: DataSet, k: number, file: string): number[] {
  const bytes = readFileSync(file)
  const base = rowViews(set.base, set.dimension)
  const queries = rowViews(set.queries, set.dimension)
  let offset = 0
  return queries.map((query, q) => {
    const count = bytes.readInt32LE(offset)
    if (count < k) throw new Error(`${file} has ${count} neighbors for query ${q}; expected ${k} at least`)
    const row = bytes.readInt32LE(offset + 4 * k)
    offset += 4 * (count + 1)
    return distance(set.metric, query, base[row] as Float32Array)
  })
}

/** Per query, the distance of its k-th neighbor, by segvec's exact scan and then in double precision. */
export async function exactThresholds(set: DataSet, k: number): Promise<number[]> {
  const index = new VectorIndex({
    dimension: set.dimension,
    metric: set.metric,
    quantization: 'none',
    // So small that no segment gets a graph, which nobody would look at.
    segmentCapacity: 1024,
    compaction: 'manual',
  })
  await index.add(set.base)
  const { ids } = await index.searchBatch(set.queries, { k, exact: true })
  await index.close()
  const base = rowViews(set.base, set.dimension)
  return rowViews(set.queries, set.dimension).map((query, q) =>
    distance(set.metric, query, base[Number(ids[q * k + k - 1])] as Float32Array),
  )
}
