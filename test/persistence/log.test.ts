import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type OpenProgress, VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { runNode } from '../support/child.ts'
import { clusteredVectors } from '../support/clustered.ts'
import { expectRejection } from '../support/failures.ts'
import { type Acknowledged, killCycleOfLog } from '../support/kill-cycle-of-log.ts'
import { Random } from '../support/random.ts'
import { temporaryPath } from '../support/temporary-directory.ts'

const dimension = 12
const rows = clusteredVectors({ count: 3000, dimension })
const slice = (begin: number, end: number) => rows.subarray(begin * dimension, end * dimension)
const logged = { dimension, durability: 'log' } as const
const logsIn = (path: string) => readdirSync(path).filter((name) => name.startsWith('log-'))

describe("durability: 'log'", () => {
  test('what resolved is there again without a commit, whether or not a log is kept from then on', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, logged)
    await index.add(slice(0, 2000))
    await index.remove([3, 4])
    expect(await index.upsert([5, 5000], slice(2000, 2002))).toEqual([5, 5000])
    const hits = await index.search(slice(17, 18))
    expect(index.stats().storage).toMatchObject({ generation: 1, durability: 'log' })
    expect(index.stats().storage?.logBytes).toBeGreaterThan(2000 * dimension * 4)
    await index.close()
    for (const durability of ['log', 'commit'] as const) {
      const again = await VectorIndex.open(path, { durability })
      expect(again.size).toBe(1999)
      expect(again.has(3)).toBe(false)
      expect(again.get(5)).toEqual(slice(2000, 2001))
      expect(await again.search(slice(17, 18))).toEqual(hits)
      expect(again.stats().storage?.logBytes).toBeGreaterThan(0)
      if (durability === 'commit') {
        await again.commit()
        expect(again.stats().storage).toMatchObject({ generation: 2, durability: 'commit', logBytes: 0 })
      }
      await again.close()
    }
    const last = await VectorIndex.open(path, logged)
    expect(await last.add(slice(0, 1))).toEqual([5001])
    await last.close()
  })

  test.each(['number', 'bigint', 'string'] as const)('ids made up are the same again: %s', async (idType) => {
    const path = temporaryPath()
    const options = { ...logged, idType }
    const index = await VectorIndex.open(path, options)
    const ids = [...(await index.add(slice(0, 3))), ...(await index.add(slice(3, 5)))]
    await index.remove([ids[1]] as never)
    await index.close()
    const again = await VectorIndex.open(path, options)
    for (const [row, id] of ids.entries()) {
      expect(again.get(id as never)).toEqual(row === 1 ? undefined : slice(row, row + 1))
    }
    const [next] = await again.add(slice(5, 6))
    expect(ids).not.toContain(next)
    await again.close()
  })

  test('many calls at once: all of them, in their order', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, logged)
    const calls: Promise<unknown>[] = []
    for (let i = 0; i < 300; ++i) {
      calls.push(index.upsert(i % 40, slice(i, i + 1)))
      if (i % 70 === 0) calls.push(index.commit())
      if (i % 90 === 0) calls.push(index.compact())
    }
    const failed = expectRejection(() => index.add(39, slice(0, 1)), 'DUPLICATE_ID')
    await Promise.all(calls)
    await failed
    await index.close()
    const again = await VectorIndex.open(path, logged)
    expect(again.size).toBe(40)
    for (let id = 0; id < 40; ++id) {
      const last = id < 20 ? 280 + id : 240 + id
      expect(again.get(id)).toEqual(slice(last, last + 1))
    }
    await again.close()
  })

  test('close waits for calls under way, and gives the directory free at once', async () => {
    const path = temporaryPath()
    for (let round = 0; round < 5; ++round) {
      const index = await VectorIndex.open(path, logged)
      const calls = Array.from({ length: 20 }, (_, i) => index.add(slice(i, i + 1)))
      await index.close()
      await Promise.all(calls)
    }
    const index = await VectorIndex.open(path)
    expect(index.size).toBe(100)
    await index.close()
  })

  test('what was refused or aborted is not there', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, logged)
    await index.add([1], slice(0, 1))
    await expectRejection(() => index.add([2, 1], slice(1, 3)), 'DUPLICATE_ID')
    await expectRejection(() => index.add(3, new Float32Array(dimension).fill(NaN)), 'INVALID_VECTOR')
    const controller = new AbortController()
    const adding = index.add(slice(0, 3000), { signal: controller.signal })
    await nextTurn()
    controller.abort()
    const outcome = await adding.then(
      () => 'added',
      (error: { code: string }) => error.code,
    )
    await index.add([10_000], slice(5, 6))
    await index.close()
    const again = await VectorIndex.open(path)
    expect(again.size).toBe(outcome === 'added' ? 3002 : 2)
    expect(again.get(10_000)).toEqual(slice(5, 6))
    await again.close()
  })

  test('readers see what was committed', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, logged)
    await index.add(slice(0, 10))
    const reader = await VectorIndex.open(path, { readOnly: true })
    expect(reader.size).toBe(0)
    expect(reader.stats().storage).toMatchObject({ durability: 'commit', logBytes: 0 })
    await index.commit()
    expect(await reader.refresh()).toBe(true)
    expect(reader.size).toBe(10)
    await Promise.all([reader.close(), index.close()])
  })

  test('a damaged log is an error that says where, and on request counts as far as it is sound', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, logged)
    await index.add(slice(0, 10))
    await index.add(slice(10, 20))
    await index.close()
    const file = join(path, 'log-1-1')
    const bytes = readFileSync(file)
    bytes[bytes.length - 600] = (bytes[bytes.length - 600] as number) ^ 4
    writeFileSync(file, bytes)
    const error = await expectRejection(() => VectorIndex.open(path), 'CORRUPT', `${file}, offset`)
    expect(error.message).toContain("recover: 'previous'")
    const again = await VectorIndex.open(path, { recover: 'previous' })
    expect(again.size).toBe(10)
    expect(again.stats().storage?.dropped).toMatchObject([{ generation: 1 }])
    await again.close()
  })

  test('opening says how far it has come, the replay of the log included', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { ...logged, efConstruction: 2000 })
    await index.add(slice(0, 1000))
    await index.commit()
    for (let round = 0; round < 20; ++round) await index.add(rows)
    await index.remove([1, 2, 3])
    const { size } = index
    await index.close()
    const seen: OpenProgress[] = []
    const again = await VectorIndex.open(path, { onProgress: (progress) => seen.push(progress) })
    expect(again.size).toBe(size)
    const total = 1000 + 20 * 3000 + 3
    expect(seen.at(-1)).toMatchObject({ loadedCount: total, totalCount: total })
    const counts = seen.map(({ loadedCount }) => loadedCount)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(counts.filter((count) => count > 1000 && count < total).length).toBeGreaterThan(2)
    await again.commit()
    await again.close()

    const reader: OpenProgress[] = []
    const options = { readOnly: true, onProgress: (progress: OpenProgress) => reader.push(progress) }
    await (await VectorIndex.open(path, options)).close()
    expect(reader.at(-1)).toMatchObject({ loadedCount: size, totalCount: size })
  })

  test('an opening whose progress nobody takes fails, and gives the directory free', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { ...logged, efConstruction: 2000 })
    for (let round = 0; round < 10; ++round) await index.add(rows)
    await index.close()
    const mine = new Error('mine')
    for (const isTooLate of [false, true]) {
      const onProgress = ({ loadedCount, totalCount }: OpenProgress) => {
        if (!isTooLate || (totalCount > 0 && loadedCount === totalCount)) throw mine
      }
      await expect(VectorIndex.open(path, { onProgress })).rejects.toBe(mine)
    }
    const again = await VectorIndex.open(path)
    expect(again.size).toBe(30_000)
    await again.close()
    await expectRejection(
      () => VectorIndex.open(path, { onProgress: 7 as never }),
      'INVALID_ARGUMENT',
      'onProgress is 7; expected a function',
    )
  })

  test('the event loop turns while a large batch is logged', async () => {
    const index = await VectorIndex.open(temporaryPath(), { ...logged, dimension: 256 })
    const vectors = clusteredVectors({ count: 4000, dimension: 256 })
    let isDone = false
    const adding = index.add(vectors).finally(() => {
      isDone = true
    })
    let turns = 0
    while (!isDone) {
      await nextTurn()
      ++turns
    }
    await adding
    expect(turns).toBeGreaterThan(20)
    await index.close()
  })

  test('is an option with two values, for writers', async () => {
    const path = temporaryPath()
    const refused = (options: unknown, message: string) =>
      expectRejection(() => VectorIndex.open(path, options as object), 'INVALID_ARGUMENT', message)
    await refused({ dimension, durability: 'none' }, 'durability is "none"; expected one of')
    await refused({ dimension, durability: true }, 'durability is true')
    await refused({ readOnly: true, durability: 'log' }, 'expected "commit" beside readOnly: true')
    const index = await VectorIndex.open(path, { dimension, durability: 'commit' })
    await index.add(slice(0, 10))
    expect(logsIn(path)).toEqual([])
    await index.close()
  })
})

test('who hears that a change was aborted and is killed does not find it made', async () => {
  const program = resolve(import.meta.dirname, 'programs/abort-and-die.mjs')
  for (let round = 0; round < 4; ++round) {
    const path = temporaryPath()
    expect(await runNode([program, path])).toMatchObject({ signal: 'SIGKILL', stderr: '' })
    const index = await VectorIndex.open(path, { dimension: 16 })
    expect(index.size).toBe(2000)
    await index.close()
  }
})

test('SIGKILL at any moment: no acknowledged change is missing', async () => {
  const path = temporaryPath()
  const random = new Random(Number(process.env['SEGVEC_TEST_SEED'] ?? 1))
  const acknowledged: Acknowledged = new Map()
  for (let cycle = 0; cycle < 5; ++cycle) {
    const { changes, violation } = await killCycleOfLog(path, random.below(150), acknowledged)
    expect(changes).toBeGreaterThan(0)
    expect(violation).toBeUndefined()
  }
  expect(acknowledged.size).toBeGreaterThan(20)
}, 30_000)
