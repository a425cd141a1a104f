import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'
import { expectRejection } from '../support/failures.ts'

const loose = (index: VectorIndex) => index as unknown as { upsert(...given: unknown[]): Promise<unknown> }

describe('upsert', () => {
  test('replaces what is there and adds what is not', async () => {
    const index = new VectorIndex({ dimension: 2, metric: 'l2' })
    await index.add(
      [1, 2],
      [
        [0, 0],
        [5, 5],
      ],
    )
    expect(
      await index.upsert(
        [2, 3],
        [
          [1, 1],
          [2, 2],
        ],
      ),
    ).toEqual([2, 3])
    expect(index.size).toBe(3)
    expect(index.get(1)).toEqual(Float32Array.of(0, 0))
    expect(index.get(2)).toEqual(Float32Array.of(1, 1))
    expect(await index.search([0, 0])).toEqual([
      { id: 1, distance: 0 },
      { id: 2, distance: 2 },
      { id: 3, distance: 8 },
    ])
    expect(index.stats().segments).toMatchObject([{ vectorCount: 3, deadCount: 1 }])
    expect(await index.upsert(3, [7, 7])).toEqual([3])
    expect(index.get(3)).toEqual(Float32Array.of(7, 7))
    expect(await index.upsert(9, [8, 8])).toEqual([9])
    expect(await index.add([[1, 2]])).toEqual([10])
  })

  test('works with ids of every kind', async () => {
    const bigints = new VectorIndex({ dimension: 1, idType: 'bigint' })
    await bigints.upsert([5n, 6n], [[1], [2]])
    await bigints.upsert(BigUint64Array.of(6n, 7n), [[3], [4]])
    expect([5n, 6n, 7n].map((id) => bigints.get(id)?.[0])).toEqual([1, 3, 4])
    const strings = new VectorIndex({ dimension: 1, idType: 'string', metric: 'l2' })
    await strings.upsert(['a', 'b'], [[1], [2]])
    await strings.upsert('a', [3])
    expect(await strings.search([3], { k: 1 })).toEqual([{ id: 'a', distance: 0 }])
    expect(strings.size).toBe(2)
  })

  test('again and again keeps the size, and every vector findable', async () => {
    const dimension = 8
    const index = new VectorIndex({ dimension, metric: 'l2', segmentCapacity: 2000 })
    const ids = Array.from({ length: 700 }, (_, row) => row)
    for (let round = 0; round < 6; ++round) {
      const vectors = clusteredVectors({ count: 700, dimension, seed: round })
      await index.upsert(ids, vectors)
      expect(index.size).toBe(700)
      for (let row = 0; row < 700; row += 50) {
        const [hit] = await index.search(vectors.subarray(row * dimension, (row + 1) * dimension), { k: 1 })
        expect(hit).toEqual({ id: row, distance: 0 })
      }
    }
  })

  test('rejects an id that is twice in the batch, naming the row, and a batch without ids', async () => {
    const index = new VectorIndex({ dimension: 1 })
    await index.add([1], [[1]])
    await expectRejection(
      () => index.upsert([5, 1, 1], [[2], [3], [4]]),
      'DUPLICATE_ID',
      'row 2: id 1 is earlier in this batch, too',
    )
    await expectRejection(() => loose(index).upsert(undefined, [[1]]), 'INVALID_ARGUMENT', 'ids is undefined')
    await expectRejection(() => loose(index).upsert([1]), 'INVALID_ARGUMENT', 'vectors is undefined')
    await expectRejection(
      () => index.upsert([1, 2], [[1]]),
      'INVALID_ARGUMENT',
      'ids has length 2; expected 1',
    )
    await expectRejection(() => index.upsert([1, 2], [[2], [Number.NaN]]), 'INVALID_VECTOR', 'row 1')
    await expectRejection(() => index.upsert([1, -2], [[2], [3]]), 'INVALID_ID', 'id of row 1')
    await expectRejection(() => loose(index).upsert([1], [[1]], { ef: 5 }), 'INVALID_ARGUMENT', 'ef')
    expect(index.size).toBe(1)
    expect(index.get(1)).toEqual(Float32Array.of(1))
    expect(await index.upsert([], [])).toEqual([])
  })

  test('that is aborted leaves what was there', async () => {
    const dimension = 64
    const index = new VectorIndex({ dimension, efConstruction: 400, metric: 'l2' })
    const vectors = clusteredVectors({ count: 16_000, dimension })
    const ids = Array.from({ length: 16_000 }, (_, row) => row)
    await index.add(ids.slice(0, 500), vectors.slice(0, 500 * dimension))
    const before = index.searchSync(vectors.subarray(0, dimension), { exact: true })
    const controller = new AbortController()
    const reversed = ids.toReversed()
    const upserting = index.upsert(reversed, vectors, { signal: controller.signal })
    setTimeout(() => controller.abort('enough'), 50)
    const error = await expectRejection(() => upserting, 'ABORTED', 'upsert was aborted')
    expect(error.cause).toBe('enough')
    expect(index.size).toBe(500)
    expect(index.get(3)).toEqual(vectors.slice(3 * dimension, 4 * dimension))
    expect(index.has(700)).toBe(false)
    expect(index.searchSync(vectors.subarray(0, dimension), { exact: true })).toEqual(before)
  })

  test('reports progress, and passes on what the report throws', async () => {
    const index = new VectorIndex({ dimension: 2 })
    const reports: number[] = []
    await index.upsert(
      [1, 2],
      [
        [1, 2],
        [3, 4],
      ],
      { onProgress: ({ insertedCount }) => reports.push(insertedCount) },
    )
    expect(reports).toEqual([2])
    const mine = new Error('mine')
    const throwMine = () => {
      throw mine
    }
    await expect(index.upsert([1], [[5, 6]], { onProgress: throwMine })).rejects.toBe(mine)
  })

  test('shows an id with its old vector or its new one, never neither, while it runs', async () => {
    const dimension = 16
    const count = 3000
    const index = new VectorIndex({ dimension, metric: 'l2' })
    const ids = Array.from({ length: count }, (_, row) => row)
    const versionOf = (version: number) =>
      new Float32Array(count * dimension).map((_, at) => version + (at % 97))
    await index.add(ids, versionOf(0))
    for (let version = 1; version < 4; ++version) {
      let isDone = false
      const upserting = index.upsert(ids, versionOf(version)).then(() => {
        isDone = true
      })
      let row = 0
      while (!isDone) {
        row = (row + 101) % count
        const first = index.get(row)?.[0] as number
        expect([version - 1, version]).toContain(first - ((row * dimension) % 97))
        expect(index.size).toBe(count)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await upserting
      expect(index.get(5)?.[0]).toBe(version + ((5 * dimension) % 97))
    }
  })
})
