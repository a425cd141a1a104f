import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { detach } from '../support/buffers.ts'
import { clusteredVectors } from '../support/clustered.ts'
import { expectRejection } from '../support/failures.ts'

const loose = (index: VectorIndex) => index as unknown as { remove(...given: unknown[]): Promise<unknown> }

describe('remove', () => {
  test('takes no more ids in one call than V8 does in one array, nor does add', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const many = new Uint8Array(2 ** 26 + 1)
    await expectRejection(() => index.remove(many), 'INVALID_ARGUMENT', 'ids are 67108865; expected 67108864')
    await expectRejection(() => index.add(many), 'INVALID_ARGUMENT', 'vectors are 67108865; expected')
    const texts = new VectorIndex({ dimension: 1, idType: 'string' })
    await expectRejection(
      () => texts.add(many),
      'INVALID_ARGUMENT',
      'vectors are 67108865; expected 16777216',
    )
  })

  test('takes vectors out of every answer', async () => {
    const index = new VectorIndex({ dimension: 1, metric: 'l2' })
    await index.add([[0], [1], [2], [3]])
    expect(await index.remove([1, 3])).toBe(2)
    expect(index.size).toBe(2)
    expect(index.has(1)).toBe(false)
    expect(index.get(1)).toBeUndefined()
    expect((await index.search([1])).map(({ id }) => id)).toEqual([0, 2])
    expect(index.searchSync([1], { exact: true }).map(({ id }) => id)).toEqual([0, 2])
    const batch = await index.searchBatch([[3]], { k: 4 })
    expect(batch).toMatchObject({ k: 2, ids: Float64Array.of(2, 0) })
    expect(index.stats()).toMatchObject({ vectorCount: 2, segments: [{ vectorCount: 2, deadCount: 2 }] })
    const entries: number[] = []
    for await (const { id } of index.entries()) entries.push(id)
    expect(entries.sort()).toEqual([0, 2])
  })

  test('takes one id, an array or a typed array, of every kind', async () => {
    const numbers = new VectorIndex({ dimension: 1 })
    await numbers.add([[1], [2], [3], [4]])
    expect(await numbers.remove(0)).toBe(1)
    expect(await numbers.remove(Uint32Array.of(1, 2))).toBe(2)
    const bigints = new VectorIndex({ dimension: 1, idType: 'bigint' })
    await bigints.add([5n, 2n ** 64n - 1n], [[1], [2]])
    expect(await bigints.remove(2n ** 64n - 1n)).toBe(1)
    expect(await bigints.remove(BigUint64Array.of(5n))).toBe(1)
    const strings = new VectorIndex({ dimension: 1, idType: 'string' })
    await strings.add(['a', 'ü', ''], [[1], [2], [3]])
    expect(await strings.remove('ü')).toBe(1)
    expect(await strings.remove(['', 'b'])).toBe(1)
    expect((await strings.search([1])).map(({ id }) => id)).toEqual(['a'])
  })

  test('passes over what is not there, and counts what is given twice once', async () => {
    const index = new VectorIndex({ dimension: 1 })
    expect(await index.remove([])).toBe(0)
    expect(await index.remove(7)).toBe(0)
    await index.add([7, 8], [[1], [2]])
    expect(await index.remove([7, 7, 9])).toBe(1)
    expect(await index.remove(7)).toBe(0)
    expect(index.size).toBe(1)
  })

  test('frees the ids, while automatic ones go on counting', async () => {
    const index = new VectorIndex({ dimension: 1 })
    expect(await index.add([[1], [2]])).toEqual([0, 1])
    await index.remove([0, 1])
    expect(await index.add([[3]])).toEqual([2])
    await index.add([1], [[9]])
    expect(index.get(1)).toEqual(Float32Array.of(9))
    const strings = new VectorIndex({ dimension: 1, idType: 'string' })
    expect(await strings.add([[1], [2]])).toEqual(['0', '1'])
    await strings.remove(['0', '1'])
    expect(await strings.add([[1], [2]])).toEqual(['2', '3'])
    await strings.add('0', [5])
    expect(strings.get('0')).toEqual(Float32Array.of(5))
  })

  test('takes effect in the order of the calls', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const outcomes = await Promise.all([
      index.add([1, 2, 3], [[1], [2], [3]]),
      index.remove([2, 3]),
      index.add([3], [[4]]),
      index.remove(1),
    ])
    expect(outcomes).toEqual([[1, 2, 3], 2, [3], 1])
    expect(index.size).toBe(1)
    expect(index.get(3)).toEqual(Float32Array.of(4))
  })

  test('leaves an iteration and a batch of searches that began before as they are', async () => {
    const index = new VectorIndex({ dimension: 2, idType: 'string', metric: 'l2' })
    await index.add(Array.from({ length: 3000 }, (_, row) => [row, 1]))
    const entries = index.entries()
    expect((await entries.next()).done).toBe(false)
    expect(await index.remove(Array.from({ length: 3000 }, (_, row) => String(row)))).toBe(3000)
    await index.add(['new'], [[1, 2]])
    const seen = new Set<string>()
    for await (const { id } of entries) seen.add(id)
    expect(seen.size).toBe(2999)
    expect(seen.has('new')).toBe(false)
    expect(await index.search([0, 0])).toEqual([{ id: 'new', distance: 5 }])
  })

  test('of most of a large index leaves the rest to be found', async () => {
    const dimension = 16
    const vectors = clusteredVectors({ count: 6000, dimension })
    const index = new VectorIndex({ dimension, metric: 'l2' })
    await index.add(vectors)
    const kept = Array.from({ length: 300 }, (_, row) => row * 20)
    const removed = Array.from({ length: 6000 }, (_, row) => row).filter((row) => row % 20 !== 0)
    const before = index.stats().memoryBytes
    expect(await index.remove(removed)).toBe(5700)
    expect(index.stats().memoryBytes).toBeLessThan(before)
    for (const row of kept) {
      const hits = await index.search(vectors.subarray(row * dimension, (row + 1) * dimension), { k: 10 })
      expect(hits).toHaveLength(10)
      expect(hits[0]?.distance).toBe(0)
      expect(hits.every(({ id }) => id % 20 === 0)).toBe(true)
    }
  })

  test('rejects ids that are none, naming the row, and removes nothing then', async () => {
    const index = new VectorIndex({ dimension: 1 })
    await index.add([[1], [2]])
    const { remove } = { remove: (...given: unknown[]) => loose(index).remove(...given) }
    await expectRejection(() => remove([0, 1, -1]), 'INVALID_ID', 'id of row 2 is -1')
    await expectRejection(() => remove([0, '1']), 'INVALID_ID', 'id of row 1 is "1"')
    await expectRejection(() => remove(), 'INVALID_ARGUMENT', 'ids is undefined')
    await expectRejection(() => remove({}), 'INVALID_ARGUMENT', 'ids is')
    await expectRejection(() => remove(detach(new Float64Array(2))), 'INVALID_ARGUMENT', 'ids')
    await expectRejection(() => remove([0], { signal: 5 }), 'INVALID_ARGUMENT', 'signal is 5')
    await expectRejection(() => remove([0], { signa: 5 }), 'INVALID_ARGUMENT', "did you mean 'signal'?")
    expect(index.size).toBe(2)
  })

  test('is abandoned when its signal is aborted', async () => {
    const index = new VectorIndex({ dimension: 1024 })
    await index.add(new Float32Array(2048).fill(1))
    const reason = new Error('not now')
    const aborted = await expectRejection(
      () => index.remove([0], { signal: AbortSignal.abort(reason) }),
      'ABORTED',
      'remove was aborted',
    )
    expect(aborted.cause).toBe(reason)
    // While it waits for an add that takes several turns of the event loop to copy.
    const controller = new AbortController()
    const adding = index.add(new Float32Array(1024 * 1100).fill(2))
    const removing = index.remove([0], { signal: controller.signal })
    controller.abort()
    await expectRejection(() => removing, 'ABORTED')
    await adding
    expect(index.has(0)).toBe(true)
    expect(index.size).toBe(1102)
  })

  test('is refused by a closed index, and finished before the index closes', async () => {
    const index = new VectorIndex({ dimension: 1 })
    await index.add([[1], [2]])
    const removing = index.remove([0, 1])
    const closing = index.close()
    expect(await removing).toBe(2)
    await closing
    await expectRejection(() => index.remove(0), 'CLOSED')
  })
})
