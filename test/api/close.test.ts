import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'
import { expectRejection, expectThrow } from '../support/failures.ts'

describe('close', () => {
  test('refuses every further call', async () => {
    const index = new VectorIndex({ dimension: 2 })
    await index.add([[1, 2]])
    await index.close()
    await expectRejection(() => index.add([[1, 2]]), 'CLOSED', 'the index is closed')
    await expectRejection(() => index.add(1, [1, 2]), 'CLOSED')
    await expectRejection(() => index.search([1, 2]), 'CLOSED')
    await expectRejection(() => index.searchBatch([[1, 2]]), 'CLOSED')
    expectThrow(() => index.searchSync([1, 2]), 'CLOSED')
    expectThrow(() => index.has(0), 'CLOSED')
    expectThrow(() => index.get(0), 'CLOSED')
    expectThrow(() => index.size, 'CLOSED')
    expectThrow(() => index.stats(), 'CLOSED')
    expectThrow(() => index.entries(), 'CLOSED')
  })

  test('refuses from the moment it is called', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const closing = index.close()
    expectThrow(() => index.size, 'CLOSED')
    await closing
  })

  test('comes to its end whatever somebody has put over the methods of a signal', async () => {
    const index = new VectorIndex({ dimension: 2 })
    const { signal } = new AbortController()
    const fail = () => {
      throw new Error('mine')
    }
    Object.assign(signal, { addEventListener: undefined, removeEventListener: fail })
    Object.defineProperty(signal, 'aborted', { get: fail })
    await index.add([[1, 2]], { signal })
    expect(await index.search([1, 2], { signal })).toHaveLength(1)
    expect((await index.searchBatch([[1, 2]], { signal })).k).toBe(1)
    await index.close()
  })

  test('comes to its end when a signal cannot be listened to any more', async () => {
    const index = new VectorIndex({ dimension: 2 })
    const { signal } = new AbortController()
    const adding = index.add([[1, 2]], { signal })
    const searching = index.search([1, 2], { signal })
    Object.assign(signal, { constructor: null })
    await Promise.all([adding, searching])
    await expectRejection(() => index.add([[1, 2]], { signal }), 'INVALID_ARGUMENT', 'signal is')
    const { proxy, revoke } = Proxy.revocable(new AbortController().signal, {})
    await expectRejection(() => index.search([1, 2], { signal: proxy }), 'INVALID_ARGUMENT', 'signal is')
    revoke()
    await index.close()
  })

  test('may be called again, at the same time or later', async () => {
    const index = new VectorIndex({ dimension: 1 })
    await index.add([[1]])
    await Promise.all([index.close(), index.close(), index.close()])
    await index.close()
  })

  test('lets what is in flight finish', async () => {
    const dimension = 48
    const index = new VectorIndex({ dimension, metric: 'l2' })
    const vectors = clusteredVectors({ count: 8000, dimension })
    await index.add(vectors.subarray(0, 1000 * dimension))
    const settled: string[] = []
    const note = (name: string) => (value: unknown) => {
      settled.push(name)
      return value
    }
    const adding = index.add(vectors.subarray(1000 * dimension)).then(note('add'))
    const large = index.add(new Float32Array(50_000 * dimension).fill(1)).then(note('large add'))
    const searching = index.search(vectors.subarray(0, dimension), { k: 1 }).then(note('search'))
    const batch = index.searchBatch(vectors, { k: 2, ef: 2 }).then(note('searchBatch'))
    await index.close().then(note('close'))
    expect(settled.at(-1)).toBe('close')
    expect([...settled].sort()).toEqual(['add', 'close', 'large add', 'search', 'searchBatch'])
    expect(await adding).toHaveLength(7000)
    expect(await large).toHaveLength(50_000)
    expect(await searching).toEqual([{ id: 0, distance: 0 }])
    expect(await batch).toMatchObject({ k: 2 })
  })

  test('comes at the end of an await using block', async () => {
    const index = new VectorIndex({ dimension: 1 })
    await index[Symbol.asyncDispose]()
    expectThrow(() => index.size, 'CLOSED')
    await index[Symbol.asyncDispose]()
  })

  test('of one index leaves the others alone', async () => {
    const [first, second] = [new VectorIndex({ dimension: 1 }), new VectorIndex({ dimension: 1 })]
    await Promise.all([first.add([[1]]), second.add([[2]])])
    await first.close()
    expect((await second.search([2])).map(({ id }) => id)).toEqual([0])
  })
})
