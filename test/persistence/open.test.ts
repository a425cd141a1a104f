import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { runModule } from '../support/child.ts'
import { clusteredVectors } from '../support/clustered.ts'
import { expectRejection } from '../support/failures.ts'
import { temporaryPath } from '../support/temporary-directory.ts'

const dimension = 12
const rows = clusteredVectors({ count: 3000, dimension })
const row = (i: number) => rows.slice(i * dimension, (i + 1) * dimension)

describe('open', () => {
  test('makes a directory with an empty index, which is there from then on', async () => {
    const path = temporaryPath('a/b/index')
    const index = await VectorIndex.open(path, { dimension, metric: 'l2' })
    expect(index.size).toBe(0)
    expect(index.stats().storage).toEqual({
      directory: path,
      generation: 1,
      isReadOnly: false,
      durability: 'commit',
      logBytes: 0,
      dropped: [],
    })
    await index.close()
    const again = await VectorIndex.open(path)
    expect(again.size).toBe(0)
    await again.add([row(0)])
    await again.close()
  })

  const idsOf = {
    number: Array.from({ length: 3000 }, (_, i) => i * 7),
    bigint: Array.from({ length: 3000 }, (_, i) => 2n ** 64n - 1n - BigInt(i)),
    string: Array.from({ length: 3000 }, (_, i) => `id ${i} ✓`),
  }
  test.each(['number', 'bigint', 'string'] as const)(
    'gives back what was committed: %s ids',
    async (idType) => {
      const path = temporaryPath()
      const ids = idsOf[idType] as never
      const index = await VectorIndex.open(path, { dimension, idType })
      await index.add(ids, rows)
      await index.commit()
      const query = row(17)
      const hits = await index.search(query, { k: 20 })
      const batch = await index.searchBatch(rows.subarray(0, 5 * dimension))
      await index.close()
      for (const options of [{}, { readOnly: true }, { readOnly: true, load: 'mmap' }] as const) {
        const again = await VectorIndex.open(path, { idType, ...options })
        expect(again.size).toBe(3000)
        expect(await again.search(query, { k: 20 })).toEqual(hits)
        expect(await again.searchBatch(rows.subarray(0, 5 * dimension))).toEqual(batch)
        expect(again.get(ids[17] as never)).toEqual(query)
        expect(again.has(ids[2999] as never)).toBe(true)
        let count = 0
        for await (const { id, vector } of again.entries()) {
          if (count++ % 500 === 0) expect(again.get(id)).toEqual(vector)
        }
        expect(count).toBe(3000)
        await again.close()
      }
    },
  )

  test('goes on where the index stopped: ids, duplicates, segments', async () => {
    const path = temporaryPath()
    const first = await VectorIndex.open(path, { dimension, seed: 5 })
    await first.add(rows.subarray(0, 500 * dimension))
    await first.commit()
    await first.close()
    const index = await VectorIndex.open(path, { seed: 5 })
    await expectRejection(() => index.add(3, row(0)), 'DUPLICATE_ID')
    expect((await index.add(rows.subarray(500 * dimension)))[0]).toBe(500)
    const whole = new VectorIndex({ dimension, seed: 5 })
    await whole.add(rows.subarray(0, 500 * dimension))
    await whole.add(rows.subarray(500 * dimension))
    for (const i of [0, 600, 2999]) expect(index.searchSync(row(i))).toEqual(whole.searchSync(row(i)))
    expect(index.stats().segments.length).toBe(1)
    await index.close()
  })

  test('shows nothing that was not committed', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    await index.add(rows.subarray(0, 10 * dimension))
    await index.commit()
    await index.add(rows.subarray(10 * dimension, 20 * dimension))
    await index.close()
    const again = await VectorIndex.open(path)
    expect(again.size).toBe(10)
    await again.close()
  })

  test('refuses options that contradict the index', async () => {
    const path = temporaryPath()
    await (await VectorIndex.open(path, { dimension, metric: 'l2', M: 8 })).close()
    const refused = (options: object, message: string) =>
      expectRejection(() => VectorIndex.open(path, options), 'INVALID_ARGUMENT', message)
    await refused({ dimension: 13 }, 'option dimension is 13; expected 12, which the index was made with')
    await refused({ metric: 'cosine' }, "option metric is 'cosine'; expected 'l2'")
    await refused({ idType: 'string' }, "option idType is 'string'; expected 'number'")
    await refused({ M: 16 }, 'option M is 16; expected 8')
    await refused({ quantization: 'none' }, "option quantization is 'none'; expected 'int8'")
    const index = await VectorIndex.open(path, { dimension, metric: 'l2', M: 8, threads: 1 })
    await index.close()
    const strings = temporaryPath()
    await (await VectorIndex.open(strings, { dimension, idType: 'string' })).close()
    await expectRejection(() => VectorIndex.open(strings), 'INVALID_ARGUMENT', "idType is 'number'")
  })

  test('needs a working directory for a path that begins there', async () => {
    const program = `
      import { mkdtempSync, rmdirSync } from 'node:fs'
      import { VectorIndex } from 'segvec'
      const folder = mkdtempSync('/tmp/segvec-')
      process.chdir(folder)
      rmdirSync(folder)
      await VectorIndex.open('index', { dimension: 1 }).catch((error) => console.log(error.name, error.code, error.syscall))`
    expect(await runModule(program)).toMatchObject({ code: 0, stdout: 'SegvecError IO uv_cwd\n' })
  })

  // With one thread, which the adds have all the time; they let the opening in, and the close, but nothing in the background.
  test.runIf(existsSync('/proc/self/maps'))(
    'leaves nothing mapped once it is closed, however busy',
    async () => {
      const program = `
      import { readFileSync } from 'node:fs'
      import { VectorIndex } from 'segvec'
      const path = process.env['INDEX']
      globalThis.setTimeout = (action) => { // what comes later comes at once
        action()
        return { unref() {} }
      }
      const values = (count) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898))
      const stored = await VectorIndex.open(path, { dimension: 4, threads: 1 })
      await stored.add(values(12_000))
      await stored.commit()
      await stored.close()
      const busy = new VectorIndex({ dimension: 64, threads: 1 })
      const [some, many] = [values(64 * 3000), values(64 * 9000)]
      const adding = [busy.add(many)]
      await new Promise(setImmediate)
      const opening = VectorIndex.open(path, { readOnly: true, load: 'mmap', threads: 1 })
      for (const rows of [some, some, some, many, some]) adding.push(busy.add(rows))
      const isMapped = () => readFileSync('/proc/self/maps', 'utf8').includes(path + '/segment')
      const reader = await opening
      console.log(isMapped())
      await reader.close()
      console.log(isMapped())
      await Promise.all(adding)`
      const end = await runModule(program, { environment: { INDEX: temporaryPath() } })
      expect(end).toMatchObject({ code: 0, stdout: 'true\nfalse\n' })
    },
  )

  test('with one thread, searches are answered while an index is stored, and while one is opened', async () => {
    const program = `
      import { VectorIndex } from 'segvec'
      const path = process.env['INDEX']
      const index = new VectorIndex({ dimension: 64, threads: 1, M: 4, efConstruction: 10 })
      await index.add(Float32Array.from({ length: 64 * 50_000 }, (_, i) => Math.sin(i * 12.9898)))
      const query = new Float32Array(64).fill(1)
      async function searchesDuring(work) {
        let count = 0
        const isOver = work.then(() => true)
        while ((await Promise.race([isOver, index.search(query, { k: 1 }).then(() => false)])) === false) count += 1
        return count
      }
      const whileStored = await searchesDuring(index.save(path))
      const whileOpened = await searchesDuring(VectorIndex.open(path, { threads: 1 }))
      console.log(whileStored > 5 || whileStored, whileOpened > 5 || whileOpened)`
    const end = await runModule(program, { environment: { INDEX: temporaryPath() } })
    expect(end).toMatchObject({ code: 0, stdout: 'true true\n' })
  })

  test('a file: URL is a path, too', async () => {
    const path = temporaryPath('with space/index')
    const url = pathToFileURL(path)
    const index = await VectorIndex.open(url, { dimension })
    expect(index.stats().storage?.directory).toBe(path)
    await index.save(pathToFileURL(`${path}-copy`))
    await index.close()
    expect((await VectorIndex.inspect(url)).directory).toBe(path)
    expect((await VectorIndex.verify(pathToFileURL(`${path}-copy`))).isSound).toBe(true)
  })

  test('refuses what is no path or no option', async () => {
    const { proxy: revoked, revoke } = Proxy.revocable(new URL('file:///x'), {})
    revoke()
    const urls = [
      new URL('https://example.org/x'),
      new URL('file://host/x'),
      new URL('file:///a%00b'),
      revoked,
    ]
    for (const path of [undefined, null, '', 7, 'a\0b', {}, new Proxy(new URL('file:///x'), {}), ...urls]) {
      await expectRejection(() => VectorIndex.open(path as string), 'INVALID_ARGUMENT', 'directory is')
      await expectRejection(() => VectorIndex.inspect(path as string), 'INVALID_ARGUMENT', 'directory is')
    }
    const path = temporaryPath()
    const refused = (options: unknown, message: string) =>
      expectRejection(() => VectorIndex.open(path, options as object), 'INVALID_ARGUMENT', message)
    await refused({}, 'dimension is missing; expected it, as there is no index yet')
    await refused({ dimension: 0 }, 'dimension is 0')
    expect(existsSync(path)).toBe(false)
    await refused({ dimension, load: 'mmap' }, 'load is "mmap"; expected readOnly: true beside it')
    await refused({ dimension, load: 'disk' }, 'load is "disk"')
    await refused({ dimension, recover: 'yes' }, 'recover is "yes"; expected one of \'previous\'')
    await refused({ dimension, recover: 'none' }, 'recover is "none"')
    await refused({ dimension, readOnly: 1 }, 'readOnly is 1')
    await refused({ dimension, readonly: true }, "did you mean 'readOnly'")
    await refused({ dimension, signal: {} }, 'signal is')
  })

  test('for reading only: nothing is made, and nothing written', async () => {
    const path = temporaryPath()
    const said = `there is no index in ${path}: there is no such directory`
    const missing = await expectRejection(() => VectorIndex.open(path, { readOnly: true }), 'NOT_FOUND', said)
    expect(missing).toMatchObject({ path, syscall: expect.any(String), errno: 2 })
    expect(existsSync(path)).toBe(false)
    mkdirSync(path)
    await expectRejection(() => VectorIndex.open(path, { readOnly: true }), 'NOT_FOUND', 'no index in')
    await (await VectorIndex.open(path, { dimension })).close()
    const reader = await VectorIndex.open(path, { readOnly: true })
    await expectRejection(() => reader.add([row(0)]), 'READ_ONLY')
    await expectRejection(() => reader.commit(), 'READ_ONLY')
    await reader.close()
  })

  test('a path that is no directory is an error with the call that failed', async () => {
    const path = temporaryPath()
    writeFileSync(path, 'a file')
    const error = await expectRejection(() => VectorIndex.open(path, { dimension }), 'IO')
    expect(error).toMatchObject({ path: join(path, 'LOCK'), errno: 20 })
  })

  test('a signal abandons it', async () => {
    const path = temporaryPath()
    const signal = AbortSignal.abort('enough')
    const error = await expectRejection(() => VectorIndex.open(path, { dimension, signal }), 'ABORTED')
    expect(error.cause).toBe('enough')
    const controller = new AbortController()
    const opening = VectorIndex.open(path, { dimension, signal: controller.signal })
    controller.abort()
    const outcome = await opening.then(
      (index) => index.close().then(() => 'opened'),
      (failure: { code: string }) => failure.code,
    )
    expect(['opened', 'ABORTED']).toContain(outcome)
    await (await VectorIndex.open(path, { dimension })).close()
  })
})

describe('a damaged directory', () => {
  async function damaged(damage: (path: string, names: string[]) => void): Promise<string> {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension })
    await index.add(rows.subarray(0, 20 * dimension))
    await index.commit()
    await index.add(rows.subarray(20 * dimension))
    await index.commit()
    await index.close()
    damage(path, readdirSync(path))
    return path
  }
  const flip = (file: string) => {
    const bytes = readFileSync(file)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 4
    writeFileSync(file, bytes)
  }

  test.each(['MANIFEST-3', 'segment-0-3'])(
    '%s: an error that names the file, and a way back',
    async (name) => {
      const path = await damaged((directory) => flip(join(directory, name)))
      const error = await expectRejection(() => VectorIndex.open(path), 'CORRUPT', join(path, name))
      expect(error.message).toContain("recover: 'previous' goes back to generation 2, which has 20 vectors")
      await expectRejection(() => VectorIndex.open(path, { readOnly: true }), 'CORRUPT')
      const index = await VectorIndex.open(path, { recover: 'previous' })
      expect(index.size).toBe(20)
      const { storage } = index.stats()
      expect(storage).toMatchObject({ generation: 2, dropped: [{ generation: 3 }] })
      expect(storage?.dropped[0]?.reason).toContain(join(path, name))
      await index.commit()
      await index.close()
      const again = await VectorIndex.open(path)
      expect(again.size).toBe(20)
      expect(again.stats().storage?.dropped).toEqual([])
      await again.close()
    },
  )

  test('a file that is missing, cut short or of another index', async () => {
    const missing = await damaged((path) => rmSync(join(path, 'segment-0-3')))
    await expectRejection(() => VectorIndex.open(missing), 'CORRUPT', 'a file of the index is missing')
    const short = await damaged((path) => {
      const file = join(path, 'segment-0-3')
      writeFileSync(file, readFileSync(file).subarray(0, 5000))
    })
    await expectRejection(() => VectorIndex.open(short, { readOnly: true, load: 'mmap' }), 'CORRUPT')
    const other = await damaged(() => {})
    writeFileSync(join(short, 'segment-0-3'), readFileSync(join(other, 'segment-0-3')))
    await expectRejection(() => VectorIndex.open(short), 'CORRUPT')
    const bare = await damaged((path, names) => {
      for (const name of names.filter((each) => each.startsWith('MANIFEST'))) rmSync(join(path, name))
    })
    await expectRejection(() => VectorIndex.open(bare, { dimension }), 'CORRUPT', 'no manifest')
  })
})
