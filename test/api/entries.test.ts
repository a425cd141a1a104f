import { type IndexEntry, VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors, countingIds } from '../support/clustered.ts'
import { expectRejection, expectThrow } from '../support/failures.ts'

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('entries', () => {
  test('gives every vector once, with its floats, in the same order each time', async () => {
    const dimension = 12
    const vectors = clusteredVectors({ count: 9000, dimension })
    const build = async () => {
      const index = new VectorIndex({ dimension, threads: 2, segmentCapacity: 2500 })
      await index.add(countingIds(9000), vectors)
      return index
    }
    const index = await build()
    const entries = await collect(index.entries())
    expect(entries.map(({ id }) => id).sort((a, b) => a - b)).toEqual(countingIds(9000))
    for (const { id, vector } of entries) {
      expect(vector).toEqual(vectors.subarray(id * dimension, (id + 1) * dimension))
    }
    expect(await collect(index.entries())).toEqual(entries)
    expect(await collect((await build()).entries())).toEqual(entries)
  })

  test.each(['bigint', 'string'] as const)('gives ids of type %s', async (idType) => {
    const index = new VectorIndex<'bigint' | 'string'>({ dimension: 1, idType })
    await index.add([[5]])
    const id = idType === 'bigint' ? 0n : '0'
    expect(await collect(index.entries())).toEqual([{ id, vector: Float32Array.of(5) }])
  })

  test('of an empty index are none', async () => {
    expect(await collect(new VectorIndex({ dimension: 1 }).entries())).toEqual([])
  })

  test('are those at the call, whatever is added later', async () => {
    const index = new VectorIndex({ dimension: 4 })
    const vectors = clusteredVectors({ count: 6000, dimension: 4 })
    await index.add(vectors.subarray(0, 4 * 3000))
    const entries = index.entries()
    await index.add(vectors.subarray(4 * 3000))
    const ids = (await collect(entries)).map(({ id }) => id)
    expect(ids.sort((a, b) => a - b)).toEqual(countingIds(3000))
  })

  test('vectors are arrays of their own', async () => {
    const index = new VectorIndex({ dimension: 2 })
    await index.add([
      [1, 2],
      [3, 4],
    ])
    const [first, second] = (await collect(index.entries())) as [IndexEntry, IndexEntry]
    first.vector.fill(9)
    expect(second.vector.byteLength).toBe(second.vector.buffer.byteLength)
    expect(index.get(first.id)).not.toEqual(first.vector)
  })

  test('can be left early', async () => {
    const index = new VectorIndex({ dimension: 1 })
    await index.add(new Float32Array(5000).fill(1))
    let count = 0
    for await (const _entry of index.entries()) {
      count += 1
      if (count === 3) break
    }
    expect(count).toBe(3)
    await index.close()
  })

  test('can be left before the first', async () => {
    const index = new VectorIndex({ dimension: 1 })
    await index.add([[1], [2]])
    const entries = index.entries()
    expect(await entries.return?.()).toEqual({ done: true, value: undefined })
    expect(await entries.next()).toEqual({ done: true, value: undefined })
    await index.close()
  })

  test('end with CLOSED when the index is closed', async () => {
    const index = new VectorIndex({ dimension: 1 })
    await index.add(new Float32Array(5000).fill(1))
    const entries = index.entries()
    await entries.next()
    await index.close()
    await expectRejection(() => entries.next(), 'CLOSED')
    expectThrow(() => index.entries(), 'CLOSED')
  })
})
