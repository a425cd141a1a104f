import { getEventListeners } from 'node:events'
import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'
import { expectRejection } from '../support/failures.ts'

const loose = (index: VectorIndex) => index as unknown as { add(...given: unknown[]): Promise<unknown[]> }

describe('a signal', () => {
  test('aborted already rejects at once, with its reason as cause', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const reason = new Error('changed my mind')
    const error = await expectRejection(
      () => index.add([1], [[1]], { signal: AbortSignal.abort(reason) }),
      'ABORTED',
      'add was aborted',
    )
    expect(error.cause).toBe(reason)
    expect(index.size).toBe(0)
  })

  test('aborted while the batch is copied', async () => {
    const index = new VectorIndex({ dimension: 64 })
    const controller = new AbortController()
    const adding = index.add(new Float32Array(64 * 80_000).fill(1), { signal: controller.signal })
    controller.abort('enough')
    const error = await expectRejection(() => adding, 'ABORTED')
    expect(error.cause).toBe('enough')
    expect(index.size).toBe(0)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  test('that is said to be aborted and is not changes nothing', async () => {
    const index = new VectorIndex({ dimension: 64 })
    const before = index.add(new Float32Array(64 * 80_000).fill(1))
    const { signal } = new AbortController()
    const after = index.add([new Float32Array(64).fill(2)], { signal })
    await new Promise(setImmediate)
    signal.dispatchEvent(new Event('abort'))
    expect(await after).toEqual([80_000])
    await before
  })

  test('aborted while the batch is inserted', async () => {
    const index = new VectorIndex({ dimension: 64, efConstruction: 400, metric: 'l2' })
    const vectors = clusteredVectors({ count: 16_000, dimension: 64 })
    const controller = new AbortController()
    const adding = index.add(vectors, { signal: controller.signal })
    setTimeout(() => controller.abort(), 50)
    const error = await expectRejection(() => adding, 'ABORTED')
    expect(error.cause).toBe(controller.signal.reason)
    expect(index.size).toBe(0)
    expect(index.has(0)).toBe(false)
    expect(index.stats().vectorCount).toBe(0)
    expect(await index.search(vectors.subarray(0, 64), { exact: true })).toEqual([])
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])

    expect(await index.add(vectors.subarray(0, 640))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect((await index.search(vectors.subarray(64, 128), { k: 1 }))[0]?.id).toBe(1)
  })

  test('aborted in a growing index leaves what was there before', async () => {
    const index = new VectorIndex({ dimension: 32, efConstruction: 400, metric: 'l2', threads: 2 })
    const vectors = clusteredVectors({ count: 24_000, dimension: 32 })
    await index.add(vectors.subarray(0, 6000 * 32))
    const before = await index.searchBatch(vectors.subarray(0, 100 * 32))
    const controller = new AbortController()
    const adding = index.add(vectors.subarray(6000 * 32), { signal: controller.signal })
    setTimeout(() => controller.abort(), 50)
    await expectRejection(() => adding, 'ABORTED')
    expect(index.size).toBe(6000)
    expect(await index.searchBatch(vectors.subarray(0, 100 * 32))).toEqual(before)
  })

  test('aborted while it waits for an earlier add', async () => {
    const index = new VectorIndex({ dimension: 64 })
    const earlier = index.add(new Float32Array(64 * 80_000).fill(1))
    const controller = new AbortController()
    const later = index.add([[...new Array(64).fill(1)]], { signal: controller.signal })
    controller.abort()
    await expectRejection(() => later, 'ABORTED')
    expect(index.size).toBe(0)
    expect(await earlier).toHaveLength(80_000)
    expect(index.size).toBe(80_000)
  })

  test('aborted at once, or by a report that throws, while it waits for what comes before', async () => {
    const index = new VectorIndex({ dimension: 16, growingSegments: 2, threads: 2, compaction: 'manual' })
    await index.add(clusteredVectors({ count: 40_000, dimension: 16 }))
    let isCompacted = false
    const compacting = [index.compact(), index.compact()]
    const first = compacting[0]?.then(() => {
      isCompacted = true
    })
    const controller = new AbortController()
    const adding = index.add([new Float32Array(16).fill(1)], { signal: controller.signal })
    controller.abort()
    await expectRejection(() => adding, 'ABORTED')
    const mistake = new Error('a mistake')
    const onProgress = () => {
      throw mistake
    }
    await expect(index.add([new Float32Array(16).fill(1)], { onProgress })).rejects.toBe(mistake)
    expect(isCompacted).toBe(false)
    await Promise.all([first, ...compacting])
    expect(index.size).toBe(40_000)
    await index.close()
  })

  test('that is never aborted, or too late, does no harm and keeps no listener', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const controller = new AbortController()
    await index.add([1], [[1]], { signal: controller.signal })
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    controller.abort()
    expect(index.size).toBe(1)
  })

  test('may be a timeout', async () => {
    const index = new VectorIndex({ dimension: 64, efConstruction: 400 })
    const vectors = clusteredVectors({ count: 16_000, dimension: 64 })
    const error = await expectRejection(
      () => index.add(vectors, { signal: AbortSignal.timeout(20) }),
      'ABORTED',
    )
    expect(error.cause).toMatchObject({ name: 'TimeoutError' })
  })

  test('that is no AbortSignal is an INVALID_ARGUMENT', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const impostor = Object.create(AbortSignal.prototype)
    for (const signal of [null, {}, 'abort', true, new EventTarget(), new AbortController(), impostor]) {
      const add = () => loose(index).add([[1]], { signal })
      await expectRejection(add, 'INVALID_ARGUMENT', 'expected an AbortSignal')
    }
    expect(index.size).toBe(0)
  })
})
