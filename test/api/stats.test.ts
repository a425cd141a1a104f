import { instructionSets, VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'

describe('stats', () => {
  test('of an empty index', () => {
    const stats = new VectorIndex({ dimension: 8 }).stats()
    expect(stats.vectorCount).toBe(0)
    expect(stats.segments.reduce((sum, segment) => sum + segment.vectorCount, 0)).toBe(0)
    expect(stats.memoryBytes).toBeGreaterThanOrEqual(0)
    expect(stats.instructionSet).toBe(instructionSets().selected)
  })

  test('count every vector once and all of its memory', async () => {
    const dimension = 32
    const index = new VectorIndex({ dimension, threads: 2, segmentCapacity: 5000 })
    await index.add(clusteredVectors({ count: 12_000, dimension }))
    const { vectorCount, memoryBytes, segments } = index.stats()
    expect(vectorCount).toBe(12_000)
    expect(segments.reduce((sum, segment) => sum + segment.vectorCount, 0)).toBe(12_000)
    expect(memoryBytes).toBeGreaterThan(12_000 * dimension * 4)
    expect(memoryBytes).toBeGreaterThanOrEqual(
      segments.reduce((sum, segment) => sum + segment.memoryBytes, 0),
    )
    for (const segment of segments) {
      expect(segment.vectorCount).toBeLessThanOrEqual(5000)
      expect(segment.isSealed).toBe(segment.vectorCount === 5000)
      expect(Number.isInteger(segment.maxLevel) && segment.maxLevel >= 0).toBe(true)
      expect(typeof segment.hasGraph).toBe('boolean')
    }
  })

  test('a segment that is small is scanned, one that is large has a graph', async () => {
    const index = new VectorIndex({ dimension: 8, threads: 1 })
    const vectors = clusteredVectors({ count: 5000, dimension: 8 })
    await index.add(vectors.subarray(0, 8 * 100))
    expect(index.stats().segments.map(({ hasGraph }) => hasGraph)).toEqual([false])
    await index.add(vectors.subarray(8 * 100))
    expect(index.stats().segments.map(({ hasGraph }) => hasGraph)).toEqual([true])
  })

  test('are a copy', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const before = index.stats()
    await index.add([[1]])
    expect(before.vectorCount).toBe(0)
    expect(index.stats().vectorCount).toBe(1)
  })
})
