import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'
import { expectThrow } from '../support/failures.ts'
import { Random } from '../support/random.ts'
import { recallAgainst } from '../support/recall.ts'
import { referenceDistance } from '../support/reference.ts'

const dimension = 64
const count = 8000

/** Bytes in clusters. */
function byteVectors(): Uint8Array {
  const random = new Random(3)
  const centers = Array.from({ length: 40 * dimension }, () => 128 + 35 * random.normal())
  return Uint8Array.from({ length: count * dimension }, (_, i) => {
    const center = centers[(Math.floor(i / dimension) % 40) * dimension + (i % dimension)] as number
    return Math.min(255, Math.max(0, Math.round(center + 15 * random.normal())))
  })
}

describe('keepVectors: false', () => {
  test('holds bytes exactly, in less memory by the size of their floats', async () => {
    const bytes = byteVectors()
    const options = { dimension, metric: 'l2', segmentCapacity: count } as const
    const keeping = new VectorIndex(options)
    const codesOnly = new VectorIndex({ ...options, keepVectors: false })
    await keeping.add(bytes)
    await codesOnly.add(bytes)

    const floatBytes = 4 * dimension * count
    const saved = keeping.stats().memoryBytes - codesOnly.stats().memoryBytes
    expect(saved / floatBytes).toBeGreaterThan(0.95)
    expect(codesOnly.stats().segments).toMatchObject([{ isLossless: true, isSealed: true }])

    const queries = bytes.subarray(0, 100 * dimension)
    expect(await codesOnly.searchBatch(queries, { ef: 64 })).toEqual(
      await keeping.searchBatch(queries, { ef: 64 }),
    )
    expect(await codesOnly.searchBatch(queries, { exact: true })).toEqual(
      await keeping.searchBatch(queries, { exact: true }),
    )
    const entries = new Float32Array(bytes.length)
    for await (const { id, vector } of codesOnly.entries()) entries.set(vector, id * dimension)
    expect(Buffer.compare(Buffer.from(entries.buffer), Buffer.from(Float32Array.from(bytes).buffer))).toBe(0)
    await Promise.all([keeping.close(), codesOnly.close()])
  })

  test.each(['l2', 'cosine', 'ip'] as const)(
    '%s: recall, and distances to what get returns',
    async (metric) => {
      const vectors = clusteredVectors({ count, dimension })
      const queries = clusteredVectors({ count: 100, dimension, seed: 9 })
      const keeping = new VectorIndex({ dimension, metric })
      const codesOnly = new VectorIndex({ dimension, metric, keepVectors: false })
      await keeping.add(vectors)
      await codesOnly.add(vectors.subarray(0, 500 * dimension))
      await codesOnly.add(vectors.subarray(500 * dimension))

      const exactOnCodes = await codesOnly.searchBatch(queries, { exact: true })
      const found = await codesOnly.searchBatch(queries, { ef: 200 })
      expect(recallAgainst(exactOnCodes, found)).toBeGreaterThan(0.99)

      const truth = await keeping.searchBatch(queries, { exact: true })
      let common = 0
      for (let query = 0; query < 100; ++query) {
        const trueIds = new Set(truth.ids.slice(query * 10, query * 10 + 10))
        common += found.ids.slice(query * 10, query * 10 + 10).filter((id) => trueIds.has(id)).length
      }
      expect(common / 1000).toBeGreaterThan(0.93)

      const query = queries.subarray(0, dimension)
      for (const { id, distance } of codesOnly.searchSync(query)) {
        const expected = referenceDistance(metric, query, codesOnly.get(id) as Float32Array)
        expect(Math.abs(distance - expected)).toBeLessThan(1e-4 * (1 + Math.abs(expected)))
      }
      await Promise.all([keeping.close(), codesOnly.close()])
    },
  )

  test('a sealed segment takes at most 0.35 of what hnswlib stores for long vectors of bytes', async () => {
    const index = new VectorIndex({
      dimension: 784,
      metric: 'l2',
      keepVectors: false,
      efConstruction: 20,
      segmentCapacity: 6000,
    })
    const random = new Random(4)
    await index.add(Uint8Array.from({ length: 6000 * 784 }, () => random.below(256)))
    expect(index.stats().segments).toMatchObject([{ isSealed: true }])
    const hnswlibBytes = 4 * 784 + 4 * (2 * 16 + 1) + 8 // floats, links of level 0 and their number, label
    expect(index.stats().memoryBytes / 6000 / hnswlibBytes).toBeLessThan(0.35)
    await index.close()
  })

  test('a small index keeps its floats', async () => {
    const index = new VectorIndex({ dimension: 2, keepVectors: false })
    await index.add(1, [0.1, 0.7])
    expect(index.get(1)).toEqual(Float32Array.of(0.1, 0.7))
  })

  test('is INVALID_ARGUMENT without codes, and for what is no boolean', () => {
    expectThrow(
      () => new VectorIndex({ dimension: 2, quantization: 'none', keepVectors: false }),
      'INVALID_ARGUMENT',
      /keepVectors is false and quantization 'none'; expected quantization 'int8'/,
    )
    expectThrow(
      () => new VectorIndex({ dimension: 2, keepVectors: 0 as never }),
      'INVALID_ARGUMENT',
      'keepVectors is 0; expected true or false',
    )
  })
})
