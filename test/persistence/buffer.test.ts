import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { detach, resizableBuffer } from '../support/buffers.ts'
import { expectRejection } from '../support/failures.ts'
import { Random } from '../support/random.ts'
import { temporaryPath } from '../support/temporary-directory.ts'

const dimension = 8
const rows = (count: number, seed = 1) =>
  Float32Array.from({ length: count * dimension }, (_, i) => Math.sin(i * 12.9898 * seed))

async function smallIndex(): Promise<VectorIndex> {
  const index = new VectorIndex({ dimension, metric: 'l2' })
  await index.add(rows(30))
  await index.remove([4])
  return index
}

describe('toBuffer and fromBuffer', () => {
  test.each(['number', 'bigint', 'string'] as const)(
    'carry an index over, ids of type %s',
    async (idType) => {
      await using index = new VectorIndex({ dimension, metric: 'cosine', idType, segmentCapacity: 1500 })
      const ids = await index.add(rows(2500))
      await index.remove(ids.slice(3, 5))
      const bytes = await index.toBuffer()
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
      expect(bytes.buffer.byteLength).toBe(bytes.byteLength)
      await using copy = await VectorIndex.fromBuffer(bytes, { idType })
      bytes.fill(0) // nothing refers to them any more
      expect(copy.size).toBe(2498)
      expect(copy.stats()).toMatchObject({ storage: undefined })
      for (const seed of [2, 3, 4]) {
        const query = rows(1, seed)
        expect(await copy.search(query)).toEqual(await index.search(query))
      }
      expect(await copy.add(rows(1))).toEqual(await index.add(rows(1)))
      await expectRejection(() => copy.commit(), 'INVALID_ARGUMENT', /in memory/)
      await copy.compact()
      expect(copy.stats().segments.map((segment) => segment.deadCount)).toEqual([0, 0])
    },
  )

  test('take the moment of the call, from a directory and from a reader too', async () => {
    const path = temporaryPath()
    await using index = await VectorIndex.open(path, { dimension, metric: 'l2' })
    const adding = index.add(rows(1500))
    const first = index.toBuffer()
    const more = index.add(rows(10))
    await Promise.all([adding, more])
    expect((await VectorIndex.fromBuffer(await first)).size).toBe(1500)
    await index.commit()
    await using reader = await VectorIndex.open(path, { readOnly: true, load: 'mmap' })
    expect((await VectorIndex.fromBuffer(await reader.toBuffer())).size).toBe(1510)
    await using empty = new VectorIndex({ dimension })
    expect((await VectorIndex.fromBuffer(await empty.toBuffer(), { dimension })).size).toBe(0)
  })

  test('options have to be those of the index', async () => {
    const bytes = await (await smallIndex()).toBuffer()
    await expectRejection(
      () => VectorIndex.fromBuffer(bytes, { dimension: 9 }),
      'INVALID_ARGUMENT',
      /option dimension is 9/,
    )
    await expectRejection(
      () => VectorIndex.fromBuffer(bytes, { idType: 'string' }),
      'INVALID_ARGUMENT',
      /idType/,
    )
    await expectRejection(
      () => VectorIndex.fromBuffer(bytes, { readOnly: true } as never),
      'INVALID_ARGUMENT',
      /unknown option/,
    )
  })

  test('every damage is an error', async () => {
    const sound = await (await smallIndex()).toBuffer()
    const random = new Random(1)
    for (let round = 0; round < 150; ++round) {
      const bytes = sound.slice()
      const at = random.below(bytes.length)
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
      const error = await expectRejection(() => VectorIndex.fromBuffer(bytes), 'CORRUPT')
      expect(error.section).toBeDefined()
      await expectRejection(() => VectorIndex.fromBuffer(sound.subarray(0, at)), 'CORRUPT')
    }
    await expectRejection(() => VectorIndex.fromBuffer(new Uint8Array(0)), 'CORRUPT')
    await expectRejection(() => VectorIndex.fromBuffer(Buffer.concat([sound, Buffer.from('x')])), 'CORRUPT')
    expect((await VectorIndex.fromBuffer(Buffer.from(sound))).size).toBe(29)
  })

  test('bytes that are shared, detached, resized or none at all', async () => {
    const sound = await (await smallIndex()).toBuffer()
    const shared = new Uint8Array(new SharedArrayBuffer(sound.length))
    shared.set(sound)
    expect((await VectorIndex.fromBuffer(shared)).size).toBe(29)
    expect((await VectorIndex.fromBuffer(shared.buffer)).size).toBe(29)
    const alone = sound.slice().buffer
    expect((await VectorIndex.fromBuffer(alone)).size).toBe(29)
    structuredClone(alone, { transfer: [alone] })
    await expectRejection(() => VectorIndex.fromBuffer(alone), 'INVALID_ARGUMENT', 'detached')
    const gone = sound.slice()
    detach(gone)
    await expectRejection(() => VectorIndex.fromBuffer(gone), 'INVALID_ARGUMENT', /detached/)
    for (const bytes of [
      undefined,
      null,
      'x',
      [1],
      new Float32Array(8),
      new Proxy(sound, {}),
      new Proxy(sound.buffer, {}),
    ]) {
      await expectRejection(
        () => VectorIndex.fromBuffer(bytes as never),
        'INVALID_ARGUMENT',
        /expected a Uint8Array/,
      )
    }
    // More than a slice, so that the event loop turns before all of it has been copied.
    const large = new Uint8Array(9 * 1024 * 1024)
    large.set(sound)
    const detached = VectorIndex.fromBuffer(large)
    detach(large)
    await expectRejection(() => detached, 'INVALID_ARGUMENT', /detached/)
    const buffer = resizableBuffer(9 * 1024 * 1024, 9 * 1024 * 1024)
    const resized = VectorIndex.fromBuffer(new Uint8Array(buffer))
    buffer.resize(5 * 1024 * 1024)
    await expectRejection(() => resized, 'INVALID_ARGUMENT', /has length 5242880 now/)
  })

  test('are cancelled', async () => {
    await using index = new VectorIndex({ dimension: 64 })
    await index.add(Float32Array.from({ length: 3000 * 512 }, (_, i) => Math.sin(i * 12.9898)))
    await expectRejection(() => index.toBuffer({ signal: AbortSignal.abort() }), 'ABORTED')
    const bytes = await index.toBuffer()
    expect(bytes.length).toBeGreaterThan(5_000_000)
    for (const call of [
      (signal: AbortSignal) => index.toBuffer({ signal }),
      (signal: AbortSignal) => VectorIndex.fromBuffer(bytes, { signal }),
    ]) {
      const controller = new AbortController()
      const running = call(controller.signal)
      controller.abort(new Error('why'))
      expect((await expectRejection(() => running, 'ABORTED')).cause).toMatchObject({ message: 'why' })
    }
    const running = index.toBuffer()
    await index.close()
    expect((await running).length).toBe(bytes.length)
    await expectRejection(() => index.toBuffer(), 'CLOSED')
  })
})
