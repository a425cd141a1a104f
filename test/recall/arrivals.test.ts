import { type IndexOptions, VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'
import { Random } from '../support/random.ts'
import { recallAgainst } from '../support/recall.ts'

const dimension = 32

/** Vectors around one point that is far from where other data lies. */
function topic(count: number, { number, seed }: { number: number; seed: number }): Float32Array {
  const center = new Random(number)
  const place = Float64Array.from({ length: dimension }, () => 2 * center.normal())
  const random = new Random(seed)
  return Float32Array.from(
    { length: count * dimension },
    (_, at) => (place[at % dimension] as number) + 0.3 * random.normal(),
  )
}

async function recall(index: VectorIndex, queries: Float32Array, ef: number): Promise<number> {
  return recallAgainst(
    await index.searchBatch(queries, { exact: true }),
    await index.searchBatch(queries, { ef }),
  )
}

/** How many of its own vectors an index does not find. */
function missed(index: VectorIndex, vectors: Float32Array): number {
  let count = 0
  for (let at = 0; at < vectors.length; at += dimension) {
    const [hit] = index.searchSync(vectors.subarray(at, at + dimension), { k: 1 })
    if ((hit?.distance ?? 1) > 1e-3) ++count
  }
  return count
}

describe('what comes together', () => {
  const others = clusteredVectors({ count: 8000, dimension })
  const newTopic = topic(120, { number: 500, seed: 1 })
  const queries = topic(100, { number: 500, seed: 2 })

  for (const [metric, quantization] of [
    ['l2', 'int8'],
    ['cosine', 'int8'],
    ['l2', 'none'],
  ] as const) {
    test(`a new topic in a later add is found as well as in the first (${metric}, ${quantization})`, async () => {
      const index = new VectorIndex({ dimension, metric, quantization })
      await index.add(others)
      await index.add(newTopic)
      expect(await recall(index, queries, 64)).toBeGreaterThan(0.99)
      await index.close()
    })
  }

  test('a small segment of it that is merged is, too', async () => {
    const index = new VectorIndex({ dimension, metric: 'l2', segmentCapacity: 8000, compaction: 'manual' })
    await index.add(others)
    await index.add(newTopic)
    await index.compact()
    expect(await recall(index, queries, 64)).toBeGreaterThan(0.99)
    await index.close()
  })

  test('topics that come one after the other leave every vector in reach', async () => {
    const topics = Array.from({ length: 60 }, (_, number) => topic(100, { number, seed: number }))
    const index = new VectorIndex({ dimension, metric: 'l2' })
    for (const vectors of topics) await index.add(vectors)
    const lost = topics.reduce((sum, vectors) => sum + missed(index, vectors), 0)
    expect(lost).toBeLessThan(12) // 0.2 %: of topics as far apart as these a walk may miss one yet
    await index.close()
  })
})

describe('one row far from all others', () => {
  const random = new Random(3)
  const rows = Float32Array.from({ length: 6000 * dimension }, () => random.normal())
  const queries = Float32Array.from({ length: 200 * dimension }, () => random.normal())

  async function recallWith(
    place: number | undefined,
    options: Pick<IndexOptions, 'metric' | 'keepVectors'>,
  ) {
    const vectors = rows.slice()
    if (place !== undefined) {
      for (let d = 0; d < dimension; ++d)
        vectors[place * dimension + d] = 1000 * (vectors[place * dimension + d] as number)
    }
    const index = new VectorIndex({ dimension, ...options })
    await index.add(vectors)
    const result = await recall(index, queries, 200)
    if (place !== undefined)
      expect(missed(index, vectors.subarray(place * dimension, (place + 1) * dimension))).toBe(0)
    await index.close()
    return result
  }

  test('costs the others nothing, wherever it comes', async () => {
    const without = await recallWith(undefined, { metric: 'l2' })
    for (const place of [0, 3000, 5999]) {
      expect(await recallWith(place, { metric: 'l2' })).toBeGreaterThan(without - 0.01)
    }
  })

  test('nor where codes alone are kept', async () => {
    const without = await recallWith(undefined, { metric: 'l2', keepVectors: false })
    expect(await recallWith(17, { metric: 'l2', keepVectors: false })).toBeGreaterThan(without - 0.01)
  })
})
