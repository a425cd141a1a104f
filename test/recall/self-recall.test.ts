import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors, countingIds } from '../support/clustered.ts'
import { fingerprint } from '../support/fingerprint.ts'

/** The rows that are not the first hit of a search for themselves. */
async function missesOf(index: VectorIndex, vectors: Float32Array): Promise<number[]> {
  const { ids, counts, k } = await index.searchBatch(vectors)
  return countingIds(counts.length).filter((row) => ids[row * k] !== row)
}

describe.each([
  { count: 2000, dimension: 128, threads: 1 },
  { count: 2000, dimension: 128, threads: 2 },
  { count: 2000, dimension: 128, threads: 4 },
  { count: 2000, dimension: 128, threads: 8 },
  { count: 2000, dimension: 128, threads: 8, segmentCapacity: 100 },
  // Small segments are scanned; these are so large that every one has a graph.
  { count: 8000, dimension: 32, threads: 1 },
  { count: 12_000, dimension: 24, threads: 2 },
  { count: 16_000, dimension: 16, threads: 8 },
])('a parallel build of %o', ({ count, dimension, ...options }) => {
  const vectors = clusteredVectors({ count, dimension })
  const build = async () => {
    const index = new VectorIndex({ dimension, ...options })
    await index.add(countingIds(count), vectors)
    return index
  }

  test('lets every vector find itself, and is the same each time', async () => {
    const [first, second] = [await build(), await build()]
    expect(await missesOf(first, vectors)).toEqual([])
    const queries = vectors.subarray(0, 500 * dimension)
    expect(await fingerprint(second, queries)).toBe(await fingerprint(first, queries))
  })
})

test('adding in parts gives the same index each time, too', async () => {
  const dimension = 16
  const vectors = clusteredVectors({ count: 9000, dimension })
  const buildInParts = async () => {
    const index = new VectorIndex({ dimension, threads: 2 })
    const part = (from: number, to: number) => index.add(vectors.subarray(from * dimension, to * dimension))
    await Promise.all([part(0, 10), part(10, 6000), part(6000, 6001), part(6001, 9000)])
    return index
  }
  const [first, second] = [await buildInParts(), await buildInParts()]
  expect(await missesOf(first, vectors)).toEqual([])
  expect(await fingerprint(second, vectors)).toBe(await fingerprint(first, vectors))
})

test('another seed gives another graph', async () => {
  const vectors = clusteredVectors({ count: 6000, dimension: 32 })
  const fingerprints = await Promise.all(
    [1, 2, 2].map(async (seed) => {
      const index = new VectorIndex({ dimension: 32, threads: 1, seed })
      await index.add(vectors)
      return fingerprint(index, vectors)
    }),
  )
  expect(fingerprints[0]).not.toBe(fingerprints[1])
  expect(fingerprints[2]).toBe(fingerprints[1])
})
