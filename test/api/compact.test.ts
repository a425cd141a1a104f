import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CompactProgress, VectorIndex } from 'segvec'
import { describe, expect, test, vi } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'
import { expectRejection } from '../support/failures.ts'

const dimension = 16
const count = 6000
const vectors = clusteredVectors({ count, dimension })
const row = (id: number) => vectors.subarray(id * dimension, (id + 1) * dimension)

/** Two segments that grow side by side. */
async function filledIndex(): Promise<VectorIndex> {
  const index = new VectorIndex({ dimension, metric: 'l2', growingSegments: 2, threads: 2 })
  await index.add(vectors)
  expect(index.stats().segments).toHaveLength(2)
  return index
}

describe('compact', () => {
  test('drops what an aborted add has left', async () => {
    const index = new VectorIndex({ dimension, metric: 'l2', threads: 1, compaction: 'manual' })
    await index.add(vectors.subarray(0, 3000 * dimension))
    const { memoryBytes } = index.stats()
    const controller = new AbortController()
    const many = clusteredVectors({ count: 100_000, dimension })
    const onProgress = ({ insertedCount }: { insertedCount: number }) => {
      if (insertedCount > 3000) controller.abort()
    }
    await expectRejection(() => index.add(many, { signal: controller.signal, onProgress }), 'ABORTED')
    expect(index.stats().memoryBytes).toBeGreaterThan(1.5 * memoryBytes)
    await index.compact()
    expect(index.stats()).toMatchObject({
      vectorCount: 3000,
      segments: [{ vectorCount: 3000, deadCount: 0 }],
    })
    expect(index.stats().memoryBytes).toBeLessThan(1.2 * memoryBytes)
    await index.close()
  })

  test('gives back what only growing needs where there is nothing to merge', async () => {
    const index = new VectorIndex({ dimension, metric: 'l2', threads: 1, keepVectors: false })
    await index.add(vectors)
    const before = { ...index.stats(), found: await index.searchBatch(vectors, { ef: 40 }) }
    expect(before.segments).toMatchObject([{ vectorCount: count, isSealed: false }])
    await index.compact()
    expect(index.stats().segments).toMatchObject([{ vectorCount: count, isSealed: true }])
    expect(index.stats().memoryBytes).toBeLessThan(0.8 * before.memoryBytes)
    expect(await index.searchBatch(vectors, { ef: 40 })).toEqual(before.found)
    await index.add(row(0))
    expect(index.stats().segments).toHaveLength(2)
    // The new one has its floats still, and is nearer for that.
    expect(index.searchSync(row(0), { k: 2, ef: 40 }).map(({ id }) => id)).toEqual([count, 0])
    await index.close()
  })

  test('makes one segment of several, and the same answers', async () => {
    const index = await filledIndex()
    const before = await index.searchBatch(vectors.subarray(0, 200 * dimension), { exact: true })
    const reports: CompactProgress[] = []
    await index.compact({ onProgress: (progress) => reports.push(progress) })
    const { segments, compaction, vectorCount } = index.stats()
    expect(segments).toHaveLength(1)
    expect(segments[0]).toMatchObject({ vectorCount: count, isSealed: true, hasGraph: true })
    expect(vectorCount).toBe(count)
    expect(compaction).toEqual({ isRunning: false, finishedCount: 1, lastError: undefined })
    expect(await index.searchBatch(vectors.subarray(0, 200 * dimension), { exact: true })).toEqual(before)
    for (let id = 0; id < count; id += 37) {
      expect(index.get(id)).toEqual(row(id))
      expect((await index.search(row(id), { k: 1 }))[0]?.distance).toBe(0)
    }
    const last = reports.at(-1)
    expect(last).toMatchObject({ mergedCount: count, totalCount: count })
    for (const { mergedCount, totalCount } of reports) expect(mergedCount).toBeLessThanOrEqual(totalCount)
  })

  test('takes its place among the calls before and after it, however many compactions wait', async () => {
    const made = async (isAwaited: boolean) => {
      const index = new VectorIndex({ dimension, metric: 'l2', compaction: 'manual' })
      const calls = [
        () => index.add(vectors.subarray(0, 3000 * dimension)),
        () => index.remove(Array.from({ length: 100 }, (_, id) => id)),
        () => index.compact(),
        () => index.remove(Array.from({ length: 10 }, (_, i) => 100 + i)),
        () => index.compact(),
        () => index.add(vectors.subarray(3000 * dimension, 3500 * dimension)),
        () => index.compact(),
        () => index.add(vectors.subarray(3500 * dimension, 4000 * dimension)),
      ]
      const running: Promise<unknown>[] = []
      for (const call of calls) {
        running.push(call())
        if (isAwaited) await running.at(-1)
      }
      await Promise.all(running)
      const shape = index.stats().segments.map(({ vectorCount, hasGraph }) => ({ vectorCount, hasGraph }))
      await index.close()
      return shape
    }
    const expected = await made(true)
    expect(expected).toHaveLength(2)
    expect(await made(false)).toEqual(expected)
  })

  test('has nothing to do in an index of one segment, or of none', async () => {
    const index = new VectorIndex({ dimension })
    const reports: CompactProgress[] = []
    await index.compact({ onProgress: (progress) => reports.push(progress) })
    expect(reports.at(-1)).toMatchObject({ mergedCount: 0, totalCount: 0 })
    await index.add(vectors)
    await index.compact()
    expect(index.stats().compaction.finishedCount).toBe(0)
  })

  test('goes on while vectors are added and searched for, in the order of the calls', async () => {
    const index = await filledIndex()
    const compacting = index.compact()
    const adding = index.add(
      Array.from({ length: 100 }, (_, i) => 10_000 + i),
      vectors.subarray(0, 100 * dimension),
    )
    const again = index.compact()
    expect((await index.search(row(5), { k: 1 }))[0]?.distance).toBe(0)
    expect(index.has(17)).toBe(true)
    await Promise.all([compacting, adding, again])
    expect(index.size).toBe(count + 100)
    expect(index.stats().segments.map(({ vectorCount }) => vectorCount)).toEqual([count + 100])
    expect(index.get(10_007)).toEqual(row(7))
  })

  test('aborted leaves the index as it was', async () => {
    const index = await filledIndex()
    // Whether they are sealed is another matter: that comes first, and stays.
    const contents = () =>
      index.stats().segments.map(({ vectorCount, deadCount }) => [vectorCount, deadCount])
    const before = contents()
    await expectRejection(
      () => index.compact({ signal: AbortSignal.abort('no') }),
      'ABORTED',
      'compact was aborted',
    )
    const controller = new AbortController()
    const compacting = index.compact({ signal: controller.signal })
    controller.abort('enough')
    const error = await expectRejection(() => compacting, 'ABORTED', 'compact was aborted')
    expect(error.cause).toBe('enough')
    expect(contents()).toEqual(before)
    expect(index.get(3)).toEqual(row(3))
    await index.compact()
    expect(index.stats().segments).toHaveLength(1)
  })

  test('rejects with what onProgress throws', async () => {
    const index = await filledIndex()
    const failure = new Error('no more')
    const compacting = index.compact({
      onProgress: () => {
        throw failure
      },
    })
    await expect(compacting).rejects.toBe(failure)
  })

  test('drops what was removed, and gives its memory back', async () => {
    const index = new VectorIndex({ dimension, metric: 'l2', compaction: 'manual' })
    await index.add(vectors)
    await index.remove(Array.from({ length: 4000 }, (_, id) => id))
    const before = index.stats()
    expect(before.compaction.finishedCount).toBe(0)
    await index.compact()
    const after = index.stats()
    expect(after.memoryBytes).toBeLessThan(before.memoryBytes)
    expect(after.segments.map(({ vectorCount }) => vectorCount)).toEqual([2000])
    expect(index.has(3999)).toBe(false)
    expect(index.get(4000)).toEqual(row(4000))
    await index.upsert(4000, row(1))
    expect((await index.search(row(1), { k: 1 }))[0]).toEqual({ id: 4000, distance: 0 })
  })

  test('goes on by itself where much was removed, unless it is manual', async () => {
    const index = new VectorIndex({ dimension, metric: 'l2' })
    await index.add(vectors)
    await index.remove(Array.from({ length: 3000 }, (_, id) => id))
    await vi.waitUntil(() => index.stats().compaction.finishedCount === 1, 10_000)
    expect(index.size).toBe(3000)
    expect(index.stats().compaction.lastError).toBeUndefined()
    expect(index.get(3000)).toEqual(row(3000))
    await index.close()
  })

  test('and commit, in either order, keep the same vectors', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'segvec-'))
    try {
      const index = await VectorIndex.open(directory, { dimension, metric: 'l2', growingSegments: 2 })
      await index.add(vectors)
      await index.commit()
      await index.remove([0, 1, 2])
      const compacting = index.compact()
      const committing = index.commit()
      await Promise.all([compacting, committing])
      await index.commit()
      expect(index.stats().segments).toHaveLength(1)
      await index.close()
      const reader = await VectorIndex.open(directory, { readOnly: true })
      await expectRejection(() => reader.compact(), 'READ_ONLY')
      expect(reader.size).toBe(count - 3)
      expect(reader.stats().segments).toHaveLength(1)
      expect(reader.get(17)).toEqual(row(17))
      expect((await reader.search(row(17), { k: 1 }))[0]?.distance).toBe(0)
      await reader.close()
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('refuses wrong options and a closed index', async () => {
    const index = await filledIndex()
    const loose = index as unknown as { compact(options: unknown): Promise<void> }
    await expectRejection(() => loose.compact({ onProgress: 1 }), 'INVALID_ARGUMENT', 'onProgress')
    await expectRejection(() => loose.compact({ signal: {} }), 'INVALID_ARGUMENT', 'signal')
    await expectRejection(() => loose.compact({ speed: 1 }), 'INVALID_ARGUMENT', 'speed')
    const compacting = index.compact()
    const closing = index.close()
    await compacting
    await closing
    await expectRejection(() => index.compact(), 'CLOSED')
  })
})
