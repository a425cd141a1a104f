import { readdirSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { VectorIndex } from 'segvec'
import { describe, expect, test, vi } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'
import { expectRejection } from '../support/failures.ts'
import { temporaryPath } from '../support/temporary-directory.ts'

const dimension = 12
const rows = clusteredVectors({ count: 4000, dimension })
const slice = (begin: number, end: number) => rows.subarray(begin * dimension, end * dimension)

async function sizeIn(path: string): Promise<number> {
  const reader = await VectorIndex.open(path, { readOnly: true })
  const { size } = reader
  await reader.close()
  return size
}

describe('commit', () => {
  test('writes nothing where another directory has taken the place of the one that was opened', async () => {
    for (const durability of ['commit', 'log'] as const) {
      const path = temporaryPath()
      const index = await VectorIndex.open(path, { dimension, durability })
      await index.add(slice(0, 100))
      await index.commit()
      const other = new VectorIndex({ dimension })
      await other.add(slice(0, 50))
      await other.save(`${path}-new`)
      renameSync(path, `${path}-old`)
      renameSync(`${path}-new`, path)
      const files = readdirSync(path)
      if (durability === 'log') await expectRejection(() => index.add(slice(100, 200)), 'LOCKED')
      else await index.add(slice(100, 200))
      await expectRejection(() => index.commit(), 'LOCKED', 'open it anew')
      await expectRejection(() => index.commit(), 'LOCKED')
      await index.close()
      expect(readdirSync(path)).toEqual(files)
      expect(await sizeIn(path)).toBe(50)
      expect(await sizeIn(`${path}-old`)).toBe(100)
      for (const folder of [path, `${path}-old`]) rmSync(folder, { recursive: true })
    }
  })

  test('of a log: nothing is acknowledged once somebody has deleted the LOCK', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension, durability: 'log' })
    await index.add(slice(0, 10))
    rmSync(join(path, 'LOCK'))
    await expectRejection(() => index.add(slice(10, 20)), 'LOCKED', 'open it anew')
    expect(index.size).toBe(10)
    await index.close()
  })

  test('stores the moment of the call: what was called before it, nothing called after it', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    const before = index.add(slice(0, 2000))
    const committing = index.commit()
    const after = index.add(slice(2000, 4000))
    await committing
    expect(await sizeIn(path)).toBe(2000)
    await Promise.all([before, after])
    expect(index.size).toBe(4000)
    await index.commit()
    expect(await sizeIn(path)).toBe(4000)
    await index.close()
  })

  test('several at once each store their moment; searches go on', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        await index.add(slice(i * 100, i * 100 + 100))
        const committed = index.commit()
        expect((await index.search(rows.subarray(0, dimension))).length).toBeGreaterThan(0)
        await committed
      }),
    )
    expect(await sizeIn(path)).toBe(800)
    expect(index.stats().storage?.generation).toBe(9)
    await index.close()
  })

  test('keeps two generations, and writes no segment twice', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    await index.add(slice(0, 3000))
    for (let i = 0; i < 4; ++i) await index.commit()
    // Nobody waits for what is removed.
    await vi.waitFor(() =>
      expect(readdirSync(path).sort()).toEqual(['LOCK', 'MANIFEST-4', 'MANIFEST-5', 'segment-0-2']),
    )
    await index.add(slice(3000, 3010))
    await index.commit()
    expect(readdirSync(path)).toContain('segment-0-2')
    expect(await sizeIn(path)).toBe(3010)
    await index.close()
  })

  test('close waits for it', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    await index.add(slice(0, 3000))
    const committing = index.commit()
    await index.close()
    await committing
    expect(await sizeIn(path)).toBe(3000)
    await expectRejection(() => index.commit(), 'CLOSED')
    await expectRejection(() => index.save(temporaryPath()), 'CLOSED')
    await expectRejection(() => index.refresh(), 'CLOSED')
  })

  test('a signal abandons it, and leaves nothing behind', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    await index.add(slice(0, 4000))
    await expectRejection(() => index.commit({ signal: AbortSignal.abort() }), 'ABORTED')
    const controller = new AbortController()
    const committing = index.commit({ signal: controller.signal })
    controller.abort()
    const code = await committing.then(
      () => 'none',
      (error: { code: string }) => error.code,
    )
    expect(await sizeIn(path)).toBe(code === 'none' ? 4000 : 0)
    if (code !== 'none') expect(readdirSync(path).sort()).toEqual(['LOCK', 'MANIFEST-1'])
    await index.commit()
    expect(await sizeIn(path)).toBe(4000)
    await index.close()
  })

  test('needs a directory, and takes no other options', async () => {
    const index = new VectorIndex({ dimension })
    await expectRejection(() => index.commit(), 'INVALID_ARGUMENT', 'the index is in memory')
    await expectRejection(() => index.commit({ sync: true } as object), 'INVALID_ARGUMENT', 'sync')
    await expectRejection(() => index.commit({ signal: 5 } as object), 'INVALID_ARGUMENT', 'signal')
    expect(index.stats().storage).toBeUndefined()
  })
})

describe('save', () => {
  test('makes an index of its own elsewhere, from memory or from a directory', async () => {
    const memory = new VectorIndex({ dimension, idType: 'string' })
    const ids = Array.from({ length: 1500 }, (_, i) => `id ${i}`)
    await memory.add(ids, slice(0, 1500))
    const path = temporaryPath('one')
    await memory.save(path)
    const index = await VectorIndex.open(path, { idType: 'string' })
    expect(index.size).toBe(1500)
    await index.add(['more'], slice(1500, 1501))
    const copy = temporaryPath('two')
    await index.save(copy)
    expect(await index.search(slice(3, 4))).toEqual(await memory.search(slice(3, 4)))
    await index.close()
    const again = await VectorIndex.open(copy, { idType: 'string', readOnly: true })
    expect(again.size).toBe(1501)
    expect(again.get('more')).toEqual(slice(1500, 1501))
    await again.close()
  })

  test('never touches an index that is there', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    await expectRejection(() => index.save(path), 'LOCKED')
    await index.close()
    const other = new VectorIndex({ dimension })
    await expectRejection(() => other.save(path), 'INVALID_ARGUMENT', 'holds an index already')
    await expectRejection(() => other.save('' as string), 'INVALID_ARGUMENT')
  })
})

describe('refresh', () => {
  test.each(['memory', 'mmap'] as const)('moves a reader on: %s', async (load) => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    await index.add(slice(0, 2000))
    await index.commit()
    const reader = await VectorIndex.open(path, { readOnly: true, load })
    expect(await reader.refresh()).toBe(false)
    for (let i = 2000; i < 2300; i += 100) {
      await index.add(slice(i, i + 100))
      await index.commit()
    }
    expect(reader.size).toBe(2000)
    expect((await reader.search(slice(5, 6), { k: 1 }))[0]?.id).toBe(5)
    const [moved] = await Promise.all([reader.refresh(), reader.search(slice(5, 6))])
    expect(moved).toBe(true)
    expect(reader.size).toBe(2300)
    expect(reader.stats().storage).toMatchObject({ generation: 5, isReadOnly: true })
    expect((await reader.search(slice(2200, 2201), { k: 1 }))[0]?.id).toBe(2200)
    expect(await reader.refresh()).toBe(false)
    await Promise.all([reader.close(), index.close()])
  })

  test('leaves an iteration with the ids that it began with', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension: 1, idType: 'string' })
    await index.add(['a', 'b', 'c'], [[1], [2], [3]])
    await index.commit()
    const reader = await VectorIndex.open(path, { readOnly: true, idType: 'string' })
    const entries = reader.entries()
    const late = reader.entries()
    const before = reader.entries()
    const first = await entries.next()
    const all: unknown[] = []
    for await (const entry of before) all.push(entry)
    await index.remove(['a', 'c'])
    await index.compact()
    await index.commit()
    expect(await reader.refresh()).toBe(true)
    const rest: unknown[] = []
    for await (const entry of entries) rest.push(entry)
    expect([first.value, ...rest]).toEqual(all)
    expect(all).toHaveLength(3)
    expect((await late.next()).value).toEqual(all[0])
    expect(await late.return?.()).toMatchObject({ done: true })
    expect((await reader.entries().next()).value).toMatchObject({ id: 'b' })
    await Promise.all([reader.close(), index.close()])
  })

  test('finds nothing newer where all that is newer is damaged', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    await index.add(slice(0, 10))
    await index.commit()
    const reader = await VectorIndex.open(path, { readOnly: true, recover: 'previous' })
    await index.add(slice(10, 20))
    await index.commit()
    const { generation } = index.stats().storage ?? {}
    truncateSync(join(path, `MANIFEST-${generation}`), 100)
    expect(await reader.refresh()).toBe(false)
    expect(await reader.refresh()).toBe(false)
    expect(reader.size).toBe(10)
    await Promise.all([reader.close(), index.close()])
  })

  test('keeps what a calibration has measured', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    await index.add(slice(0, 3000))
    await index.commit()
    const reader = await VectorIndex.open(path, { readOnly: true })
    await reader.search(slice(0, 1), { recall: 0.95 })
    const { calibration } = reader.stats()
    expect(calibration).toBeDefined()
    await index.add(slice(3000, 3100))
    await index.commit()
    expect(await reader.refresh()).toBe(true)
    expect(reader.size).toBe(3100)
    expect(reader.stats().calibration).toEqual(calibration)
    await Promise.all([reader.close(), index.close()])
  })

  test('a commit stores what has been measured: those who open the index need not wait for it', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    await index.add(slice(0, 3000))
    const { ef } = await index.evaluate(slice(0, 20), { recall: 0.95 })
    const { calibration } = index.stats()
    await index.commit()
    const bytes = await index.toBuffer()
    await index.close()
    for (const load of ['memory', 'mmap'] as const) {
      await using reader = await VectorIndex.open(path, { readOnly: true, load })
      expect(reader.stats().calibration).toEqual(calibration)
      expect((await reader.evaluate(slice(0, 20), { recall: 0.95 })).ef).toBe(ef)
    }
    await using copy = await VectorIndex.fromBuffer(bytes)
    expect(copy.stats().calibration).toEqual(calibration)
  })

  test('is for readers', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    await expectRejection(() => index.refresh(), 'INVALID_ARGUMENT', 'reading only')
    await index.close()
    await expectRejection(() => new VectorIndex({ dimension }).refresh(), 'INVALID_ARGUMENT')
  })
})
