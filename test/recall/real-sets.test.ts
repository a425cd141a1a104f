import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { countingIds } from '../support/clustered.ts'
import { datasetPath, readDataset } from '../support/datasets.ts'
import { recallAgainst } from '../support/recall.ts'

const name = 'sift-ngt-5k-128'
const path = datasetPath(name)

// Runs where the sets of real vectors lie beside the project (or SEGVEC_DATA says where); reported as skipped elsewhere.
describe.skipIf(path === undefined)(`recall@10 on ${name}`, () => {
  test('the exact scan finds the ground truth', async () => {
    const { dimension, base, queries, neighbors } = readDataset(path as string, 'l2')
    const index = new VectorIndex({ dimension, metric: 'l2' })
    await index.add(countingIds(base.length / dimension), base)
    const { distances, k } = await index.searchBatch(queries, { k: 100, exact: true })
    for (const [query, rows] of neighbors.entries()) {
      const values = queries.subarray(query * dimension, (query + 1) * dimension)
      const expected = Array.from(rows, (row) => {
        const vector = base.subarray(row * dimension, (row + 1) * dimension)
        return vector.reduce((sum, value, at) => sum + (value - (values[at] as number)) ** 2, 0)
      })
      expect([...distances.subarray(query * k, (query + 1) * k)]).toEqual(expected)
    }
  })

  test.each([1, 2, 4, 8])('with %d segments', async (growingSegments) => {
    const { dimension, base, queries } = readDataset(path as string, 'l2')
    const index = new VectorIndex({ dimension, metric: 'l2', growingSegments })
    await index.add(base)
    const exact = await index.searchBatch(queries, { exact: true })
    expect(recallAgainst(exact, await index.searchBatch(queries, { ef: 200 }))).toBeGreaterThanOrEqual(0.99)
  })
})
