import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'
import { recallAgainst } from '../support/recall.ts'

const dimension = 32
const vectors = clusteredVectors({ count: 16_000, dimension })
const queries = clusteredVectors({ count: 200, dimension, seed: 8 })

describe.each(['l2', 'cosine', 'ip'] as const)('recall@10 under %s', (metric) => {
  test.each([1, 2, 4, 8])('with %d segments', async (growingSegments) => {
    const index = new VectorIndex({ dimension, metric, growingSegments })
    await index.add(vectors)
    expect(index.stats().segments).toHaveLength(growingSegments)
    const exact = await index.searchBatch(queries, { exact: true })
    const recall = async (ef: number) => recallAgainst(exact, await index.searchBatch(queries, { ef }))
    expect(await recall(200)).toBeGreaterThan(0.99)
    expect(await recall(64)).toBeGreaterThan(0.93)
    await index.close()
  })
})

test('more ef finds more', async () => {
  const index = new VectorIndex({ dimension, metric: 'l2', threads: 1 })
  await index.add(vectors)
  const exact = await index.searchBatch(queries, { exact: true })
  const recalls: number[] = []
  for (const ef of [10, 40, 160, 640])
    recalls.push(recallAgainst(exact, await index.searchBatch(queries, { ef })))
  expect(recalls).toEqual([...recalls].sort((a, b) => a - b))
  expect(recalls.at(-1)).toBeGreaterThan(0.995)
})
