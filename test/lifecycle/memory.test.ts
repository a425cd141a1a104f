import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { runNode } from '../support/child.ts'
import { clusteredVectors } from '../support/clustered.ts'

const collect = globalThis.gc as () => void

/** Lets finalizers run: they come a turn of the event loop after the collection. */
async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 4; ++round) {
    collect()
    await pause(5)
  }
}

async function residentBytes(): Promise<number> {
  await collectGarbage()
  return process.memoryUsage().rss
}

// AddressSanitizer keeps freed memory back and maps shadows of its own, so resident bytes say nothing under it.
const isSanitized = process.env['LD_PRELOAD']?.includes('asan') === true

describe.skipIf(isSanitized)('native memory', () => {
  const dimension = 512
  const vectors = new Float32Array(20_000 * dimension).map((_, at) => ((at * 7919) % 1009) / 97)
  // Twenty segments, all so small that they need no graph: these tests are about bytes.
  const make = async () => {
    const index = new VectorIndex({ dimension, threads: 1, segmentCapacity: 1000 })
    await index.add(vectors)
    return index
  }

  test('is what stats say, and is free after close', async () => {
    const before = await residentBytes()
    const index = await make()
    const { memoryBytes } = index.stats()
    expect(memoryBytes).toBeGreaterThan(vectors.byteLength)
    const grown = (await residentBytes()) - before
    expect(grown).toBeGreaterThan(0.8 * memoryBytes)
    expect(grown).toBeLessThan(1.8 * memoryBytes)
    await index.close()
    expect((await residentBytes()) - before).toBeLessThan(0.5 * memoryBytes)
  })

  test('of an index that was dropped is freed by the garbage collector', async () => {
    const before = await residentBytes()
    const { memoryBytes } = (await make()).stats()
    expect((await residentBytes()) - before).toBeLessThan(0.5 * memoryBytes)
  })

  test('of batches that failed is freed, too', async () => {
    const index = new VectorIndex({ dimension, threads: 1 })
    const bad = vectors.slice()
    bad[bad.length - 1] = Number.NaN
    const before = await residentBytes()
    for (let round = 0; round < 5; ++round) {
      await expect(index.add(bad)).rejects.toMatchObject({ code: 'INVALID_VECTOR' })
      const controller = new AbortController()
      const adding = index.add(bad, { signal: controller.signal })
      setImmediate(() => controller.abort())
      await expect(adding).rejects.toMatchObject({ code: 'ABORTED' })
    }
    expect((await residentBytes()) - before).toBeLessThan(2 * bad.byteLength)
    await index.close()
  })

  test('of many indexes that were dropped never piles up', async () => {
    const program = resolve(import.meta.dirname, 'programs/drop-indexes.mjs')
    const { code, stdout, stderr } = await runNode([program])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { grownBytes, totalBytes } = JSON.parse(stdout) as { grownBytes: number; totalBytes: number }
    expect(totalBytes).toBeGreaterThan(450e6)
    expect(grownBytes).toBeLessThan(totalBytes / 2)
  })
})

const mostMappings = existsSync('/proc/sys/vm/max_map_count')
  ? Number(readFileSync('/proc/sys/vm/max_map_count', 'utf8'))
  : Number.POSITIVE_INFINITY

// Where the limit was raised far, as some systems do, reaching it takes minutes.
test.skipIf(isSanitized || mostMappings > 100_000)(
  'more indexes than the system maps memory for are refused and end no process, and small segments and calls are not',
  async () => {
    const program = resolve(import.meta.dirname, 'programs/many-indexes.mjs')
    const { code, signal, stdout, stderr } = await runNode([program])
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      ofSegments: 10,
      size: 500,
      code: 'OUT_OF_MEMORY',
      message: expect.stringContaining('raise vm.max_map_count'),
      found: 1,
      buffers: 500,
    })
  },
)

describe('an index without a variable of its own', () => {
  test('finishes what it was asked', async () => {
    const vectors = clusteredVectors({ count: 6000, dimension: 16 })
    const adding = new VectorIndex({ dimension: 16 }).add(vectors)
    const index = new VectorIndex({ dimension: 16 })
    await index.add(vectors)
    const entries = index.entries()
    await collectGarbage()
    expect(await adding).toHaveLength(6000)
    let count = 0
    for await (const { vector } of entries) count += vector.length / 16
    expect(count).toBe(6000)
  })

  test('can be collected', async () => {
    const references = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const index = new VectorIndex({ dimension: 4 })
        await index.add([[1, 2, 3, 4]])
        await index.search([1, 2, 3, 4])
        return new WeakRef(index)
      }),
    )
    await collectGarbage()
    expect(references.filter((reference) => reference.deref() !== undefined).length).toBeLessThanOrEqual(1)
  })
})
