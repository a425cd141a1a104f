import { closeSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { SegvecError, VectorIndex, type VerifyProgress } from 'segvec'
import { describe, expect, test } from 'vitest'
import { runModule } from '../support/child.ts'
import { expectRejection } from '../support/failures.ts'
import { temporaryPath } from '../support/temporary-directory.ts'

const dimension = 8
const rows = (count: number) =>
  Float32Array.from({ length: count * dimension }, (_, i) => Math.sin(i * 12.9898))

async function storedIndex(count = 1500): Promise<string> {
  const path = temporaryPath()
  await using index = await VectorIndex.open(path, { dimension, metric: 'l2' })
  await index.add(rows(count))
  await index.commit()
  return path
}

describe('verify', () => {
  test('says of every file what it is and how it is', async () => {
    const path = await storedIndex()
    const report = await VectorIndex.verify(path)
    expect(report).toMatchObject({ directory: path, isSound: true })
    expect(report.files.map(({ name, kind, state }) => ({ name, kind, state }))).toEqual([
      { name: 'LOCK', kind: 'lock', state: 'ok' },
      { name: 'MANIFEST-1', kind: 'manifest', state: 'ok' },
      { name: 'MANIFEST-2', kind: 'manifest', state: 'ok' },
      { name: 'segment-0-2', kind: 'segment', state: 'ok' },
    ])
    for (const { name, bytes } of report.files) expect(bytes).toBe(statSync(join(path, name)).size)
    expect(report.generations[0]).toMatchObject({ generation: 2, vectorCount: 1500, error: undefined })
    expect(report.generations[0]?.options).not.toHaveProperty('threads')
    expect(report.files[3]?.check).toMatchObject({ vectorCount: 1500, unreachableCount: 0, lostCount: 0 })
  })

  test('damage is in the report as an error with file, offset and section', async () => {
    const path = await storedIndex()
    for (const name of readdirSync(path).filter((found) => found !== 'LOCK')) {
      const bytes = readFileSync(join(path, name))
      const at = bytes.length - 1
      const file = openSync(join(path, name), 'r+')
      writeSync(file, Uint8Array.of((bytes[at] as number) ^ 128), 0, 1, at)
      const report = await VectorIndex.verify(path)
      expect(report.isSound).toBe(false)
      const damaged = report.files.filter((found) => found.state === 'damaged')
      expect(damaged.map((found) => found.name)).toEqual([name])
      const error = damaged[0]?.error as SegvecError
      expect(error).toBeInstanceOf(SegvecError)
      expect(error).toMatchObject({ code: 'CORRUPT', path: join(path, name) })
      expect(error.offset).toBeLessThanOrEqual(at)
      expect(error.section).toMatch(/section|header/)
      if (name !== 'MANIFEST-1') {
        const opening = await expectRejection(() => VectorIndex.open(path, { readOnly: true }), 'CORRUPT')
        expect(opening).toMatchObject({ path: error.path, section: error.section, offset: error.offset })
      }
      writeSync(file, bytes, at, 1, at)
      closeSync(file)
    }
    expect((await VectorIndex.verify(path)).isSound).toBe(true)
  })

  test('a log that was not committed is checked too', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension, metric: 'l2', durability: 'log' })
    await index.add(rows(100))
    await index.close()
    const sound = await VectorIndex.verify(path)
    expect(sound.isSound).toBe(true)
    const [log] = sound.files.filter(({ kind }) => kind === 'log')
    expect(log).toMatchObject({ state: 'ok', generations: [1] })
    const file = join(path, log?.name ?? '')
    const bytes = readFileSync(file)
    bytes[600] = (bytes[600] as number) ^ 1
    writeFileSync(file, bytes)
    const report = await VectorIndex.verify(path)
    expect(report.isSound).toBe(false)
    expect(report.generations[0]?.error).toMatchObject({ code: 'CORRUPT' })
    expect(report.files.find(({ kind }) => kind === 'log')).toMatchObject({ state: 'damaged' })
  })

  test('an index verifies itself while it is written to', async () => {
    const path = temporaryPath()
    await using index = await VectorIndex.open(path, { dimension, metric: 'l2' })
    expect(index.stats().storage?.directory).toBe(path)
    const reports = []
    for (let round = 0; round < 5; ++round) {
      await index.add(rows(400))
      const verifying = index.verify()
      await index.commit()
      reports.push(await verifying)
    }
    expect(reports.map((report) => report.isSound)).toEqual(reports.map(() => true))
    expect((await index.verify()).generations[0]?.vectorCount).toBe(2000)
  })

  test('reports its progress, and is cancelled', async () => {
    const path = await storedIndex()
    const seen: VerifyProgress[] = []
    await VectorIndex.verify(path, { onProgress: (progress) => seen.push(progress) })
    expect(seen.at(-1)?.checkedBytes).toBe(seen.at(-1)?.totalBytes)
    expect(seen.at(-1)?.totalBytes).toBeGreaterThan(100_000)
    const mine = new Error('mine')
    await expect(
      VectorIndex.verify(path, {
        onProgress: () => {
          throw mine
        },
      }),
    ).rejects.toBe(mine)
    await expectRejection(() => VectorIndex.verify(path, { signal: AbortSignal.abort() }), 'ABORTED')
    const controller = new AbortController()
    const verifying = VectorIndex.verify(path, { probes: 10_000, signal: controller.signal })
    controller.abort()
    await expectRejection(() => verifying, 'ABORTED')
  })

  test('refuses what it cannot check', async () => {
    await expectRejection(() => VectorIndex.verify(temporaryPath()), 'NOT_FOUND', 'no such directory')
    await expectRejection(() => VectorIndex.inspect(temporaryPath()), 'NOT_FOUND', 'no such directory')
  })

  test('does not wait for an add that has all threads, if it only inspects', async () => {
    const program = `
      import { VectorIndex } from 'segvec'
      const path = process.env['INDEX']
      const busy = new VectorIndex({ dimension: 64, threads: 1 })
      const adding = busy.add(Float32Array.from({ length: 64 * 8000 }, (_, i) => Math.sin(i * 12.9898)))
      await new Promise(setImmediate)
      const inspecting = VectorIndex.inspect(path)
      await Promise.all([adding.then(() => console.log('added')), inspecting.then(() => console.log('inspected'))])`
    const end = await runModule(program, { environment: { INDEX: await storedIndex() } })
    expect(end).toMatchObject({ code: 0, stdout: 'inspected\nadded\n' })
  })

  test('files without a manifest are an index that is not sound', async () => {
    const path = await storedIndex()
    for (const name of ['MANIFEST-1', 'MANIFEST-2']) writeFileSync(join(path, name), 'x')
    expect(await VectorIndex.verify(path)).toMatchObject({ isSound: false })
  })
})
