import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'
import { expectRejection } from '../support/failures.ts'

const dimension = 16

async function indexOf(count: number): Promise<VectorIndex> {
  const index = new VectorIndex({ dimension, metric: 'l2' })
  await index.add(clusteredVectors({ count, dimension }))
  return index
}

describe('evaluate', () => {
  test('measures a recall that grows with ef and reaches 1', async () => {
    const index = await indexOf(6000)
    const queries = clusteredVectors({ count: 200, dimension, seed: 9 })
    const narrow = await index.evaluate(queries, { k: 10, ef: 10 })
    const wide = await index.evaluate(queries, { k: 10, ef: 600 })
    expect(narrow).toMatchObject({ queryCount: 200, k: 10, ef: 10 })
    expect(narrow.recall).toBeLessThanOrEqual(wide.recall)
    expect(wide.recall).toBeGreaterThan(0.999)
    const { median, p99, maximum } = wide.latencyMs
    expect(median).toBeGreaterThan(0)
    expect(p99).toBeGreaterThanOrEqual(median)
    expect(maximum).toBeGreaterThanOrEqual(p99)
    expect(wide.queriesPerSecond).toBeGreaterThan(0)
  })

  test('copies queries of less than 4 MiB before the call returns', async () => {
    const index = await indexOf(3000)
    const queries = clusteredVectors({ count: 300, dimension, seed: 9 })
    const { recall } = await index.evaluate(queries, { ef: 10 })
    const evaluating = index.evaluate(queries, { ef: 10 })
    queries.fill(Number.NaN)
    expect((await evaluating).recall).toBe(recall)
  })

  test('agrees with a count of its own', async () => {
    const index = await indexOf(6000)
    const queries = clusteredVectors({ count: 50, dimension, seed: 9 })
    const truth = await index.searchBatch(queries, { k: 5, exact: true })
    let found = 0
    for (let query = 0; query < 50; ++query) {
      const limit = truth.distances[query * 5 + 4] as number
      const hits = index.searchSync(queries.slice(query * dimension, (query + 1) * dimension), {
        k: 5,
        ef: 5,
      })
      found += hits.filter(({ distance }) => distance <= limit).length
    }
    expect((await index.evaluate(queries, { k: 5, ef: 5 })).recall).toBe(found / 250)
  })

  test('of fewer vectors than k wants all of them', async () => {
    const index = await indexOf(3)
    expect((await index.evaluate([new Float32Array(dimension)], { k: 10 })).recall).toBe(1)
    const empty = new VectorIndex({ dimension })
    expect((await empty.evaluate([new Float32Array(dimension).fill(1)])).recall).toBe(1)
  })

  test('refuses what it cannot measure', async () => {
    const index = await indexOf(10)
    await expectRejection(() => index.evaluate([]), 'INVALID_ARGUMENT')
    await expectRejection(() => index.evaluate(new Float32Array(dimension + 1)), 'DIMENSION_MISMATCH')
    await expectRejection(
      () => index.evaluate(new Float32Array(dimension).fill(Number.NaN)),
      'INVALID_VECTOR',
    )
    await expectRejection(() => index.evaluate([[]], { exact: true } as never), 'INVALID_ARGUMENT')
    const signal = AbortSignal.abort()
    await expectRejection(() => index.evaluate(new Float32Array(dimension), { signal }), 'ABORTED')
    await index.close()
    await expectRejection(() => index.evaluate(new Float32Array(dimension)), 'CLOSED')
  })
})
