import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors, countingIds } from '../support/clustered.ts'
import { expectThrow } from '../support/failures.ts'

describe('get', () => {
  test.each(['l2', 'cosine', 'ip'] as const)('returns exactly the floats stored under %s', async (metric) => {
    const dimension = 37
    const vectors = clusteredVectors({ count: 5000, dimension })
    const index = new VectorIndex({ dimension, metric, threads: 3, segmentCapacity: 700 })
    await index.add(countingIds(5000), vectors)
    for (let id = 0; id < 5000; ++id) {
      expect(index.get(id)).toEqual(vectors.subarray(id * dimension, (id + 1) * dimension))
    }
  })

  test('keeps tiny, huge and negative zero values bit for bit', async () => {
    const values = Float32Array.of(-0, 2 ** -149, -1.1754944e-38, 1e-30, 123456.789, 1)
    const index = new VectorIndex({ dimension: 6 })
    await index.add(1, values)
    expect(new Uint32Array(index.get(1)?.buffer as ArrayBuffer)).toEqual(new Uint32Array(values.buffer))
  })

  test('returns an array of its own', async () => {
    const index = new VectorIndex({ dimension: 2 })
    await index.add(1, [3, 4])
    index.get(1)?.fill(9)
    expect(index.get(1)).toEqual(Float32Array.of(3, 4))
  })

  test('returns undefined for an id that is not there', async () => {
    const numbers = new VectorIndex({ dimension: 1 })
    const strings = new VectorIndex({ dimension: 1, idType: 'string' })
    expect([numbers.get(0), strings.get('')]).toEqual([undefined, undefined])
    await numbers.add(1, [1])
    await strings.add('a', [1])
    expect([numbers.get(0), numbers.get(2 ** 32 + 1), strings.get('A')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('throws INVALID_ID for what can be no id', () => {
    const index = new VectorIndex({ dimension: 1 })
    for (const id of [-1, 0.5, '1', 1n, null, undefined]) {
      expectThrow(
        () => index.get(id as never),
        'INVALID_ID',
        "expected a safe integer >= 0, as the index's idType",
      )
    }
  })
})
