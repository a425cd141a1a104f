import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { recallAgainst } from '../support/recall.ts'
import { referenceSearch } from '../support/reference.ts'

const dimension = 24
const count = 3000

/** Clusters of bytes; signed ones end at -128 and 127, unsigned ones at 0 and 255. */
function byteVectors<Bytes extends Int8Array | Uint8Array>(bytes: Bytes, shift: number): Bytes {
  const random = new Random(5)
  const centers = Array.from({ length: 30 * dimension }, () => 40 * random.normal())
  for (let i = 0; i < bytes.length; ++i) {
    const center = centers[(Math.floor(i / dimension) % 30) * dimension + (i % dimension)] as number
    bytes[i] = shift + Math.min(127, Math.max(-128, Math.round(center + 12 * random.normal())))
  }
  return bytes
}

describe.each([
  ['Uint8Array', 'l2', byteVectors(new Uint8Array(count * dimension), 128)],
  ['Int8Array', 'l2', byteVectors(new Int8Array(count * dimension), 0)],
  ['Int8Array', 'ip', byteVectors(new Int8Array(count * dimension), 0)],
] as const)('%s under %s', (_, metric, bytes) => {
  const rows = Array.from({ length: count }, (_, row) =>
    bytes.subarray(row * dimension, (row + 1) * dimension),
  )

  test('codes hold every vector exactly, whatever came first, and distances are the true ones', async () => {
    const index = new VectorIndex({ dimension, metric })
    await index.add(bytes.subarray(0, 1500 * dimension))
    await index.add(rows.slice(1500))
    expect(index.stats().segments).toMatchObject([{ hasGraph: true, isLossless: true, vectorCount: count }])

    const exact = await index.searchBatch(rows.slice(0, 100), { exact: true })
    const found = await index.searchBatch(bytes.subarray(0, 100 * dimension), { ef: 100 })
    expect(recallAgainst(exact, found)).toBeGreaterThan(0.99)
    for (const query of rows.slice(0, 5)) {
      const expected = referenceSearch(metric, Float32Array.from(bytes), query, 10)
      const distances = expected.map(({ distance }) => distance)
      expect((await index.search(query, { ef: 200 })).map((hit) => hit.distance)).toEqual(distances)
      expect(index.searchSync(query, { exact: true }).map((hit) => hit.distance)).toEqual(distances)
    }
    expect(index.get(7)).toEqual(Float32Array.from(rows[7] as Int8Array))
    await index.close()
  })
})
