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

  // Byte vectors are built and searched on integers, so that every machine finds the same.
  test.each([2, 4, 8])(
    'with %d segments that have been merged, as of one built at once',
    async (growingSegments) => {
      const { dimension, base } = readDataset(path as string, 'l2')
      // The last fifth asks; the set's own queries are too few to tell differences of half a point apart.
      const rows = base.subarray(0, 4000 * dimension)
      const queries = base.subarray(4000 * dimension)
      const fresh = new VectorIndex({ dimension, metric: 'l2' })
      const merged = new VectorIndex({ dimension, metric: 'l2', growingSegments })
      await Promise.all([fresh.add(rows), merged.add(rows)])
      await merged.compact()
      expect(merged.stats().segments).toHaveLength(1)
      const exact = await fresh.searchBatch(queries, { exact: true })
      for (const ef of [10, 16, 32, 64, 128]) {
        const expected = recallAgainst(exact, await fresh.searchBatch(queries, { ef }))
        const found = recallAgainst(exact, await merged.searchBatch(queries, { ef }))
        expect(found, `ef ${ef}`).toBeGreaterThanOrEqual(expected - 0.005)
      }
    },
  )
})

// Held-out queries of real sets: the recall that was asked for, to a point, whatever k and however many segments.
describe.each([
  { set: 'sift-corel-128', metric: 'l2', growingSegments: 1 },
  { set: 'lsa-delaw-256', metric: 'cosine', growingSegments: 2 },
  { set: 'fashion-mnist-784', metric: 'l2', growingSegments: 1 },
] as const)(
  'asking for a recall on $set in $growingSegments segments',
  ({ set, metric, growingSegments }) => {
    const setPath = datasetPath(set)
    test.skipIf(setPath === undefined)(
      'finds it',
      async () => {
        const { dimension, base, queries } = readDataset(setPath as string, metric === 'l2' ? 'l2' : 'cos')
        // Every second row, not the first half: they may be sorted, and the queries are of all kinds.
        const rows = new Float32Array(Math.floor(base.length / dimension / 2) * dimension)
        for (let at = 0; at < rows.length; at += dimension) {
          rows.set(base.subarray(2 * at, 2 * at + dimension), at)
        }
        const index = new VectorIndex({ dimension, metric, growingSegments, efConstruction: 100 })
        await index.add(rows)
        for (const k of [5, 10, 100]) {
          const exact = await index.searchBatch(queries, { k, exact: true })
          for (const recall of [0.9, 0.95, 0.99]) {
            const found = recallAgainst(exact, await index.searchBatch(queries, { k, recall }))
            expect(found, `k ${k}, recall ${recall}`).toBeGreaterThanOrEqual(recall - 0.01)
          }
        }
      },
      60_000,
    )
  },
)
