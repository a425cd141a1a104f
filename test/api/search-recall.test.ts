import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'
import { expectRejection, expectThrow } from '../support/failures.ts'
import { recallAgainst } from '../support/recall.ts'

const dimension = 16
const vectors = clusteredVectors({ count: 8000, dimension })
const queries = clusteredVectors({ count: 300, dimension, seed: 9 })
const query = queries.slice(0, dimension)

async function indexOf(count: number, options = {}): Promise<VectorIndex> {
  const index = new VectorIndex({ dimension, metric: 'l2', ...options })
  await index.add(vectors.subarray(0, count * dimension))
  return index
}

describe('a search that asks for a recall', () => {
  test('takes a query of a class of its own, at the first call as well', async () => {
    class Embedding extends Float32Array {
      readonly text: string
      constructor(text: string, values: Float32Array) {
        super(values)
        this.text = text
      }
    }
    const index = await indexOf(2000)
    const hits = await index.search(new Embedding('x', query), { recall: 0.9, k: 5 })
    expect(hits).toEqual(await index.search(query, { recall: 0.9, k: 5 }))
    await index.close()
  })

  test.each([{}, { growingSegments: 2 }, { quantization: 'none' }] as const)(
    'reaches it, without tuning, of %o',
    async (options) => {
      const index = await indexOf(8000, options)
      expect(index.stats().calibration).toBeUndefined()
      for (const k of [1, 10, 50]) {
        const exact = await index.searchBatch(queries, { k, exact: true })
        for (const recall of [0.9, 0.95, 0.99]) {
          const found = recallAgainst(exact, await index.searchBatch(queries, { k, recall }))
          expect(found, `k ${k}, recall ${recall}`).toBeGreaterThanOrEqual(recall - (k === 1 ? 0.025 : 0.01))
        }
      }
    },
  )

  test('finds what one with the calibrated ef finds', async () => {
    const index = await indexOf(8000)
    const { ef } = await index.evaluate(queries, { k: 10, recall: 0.97 })
    const expected = await index.search(query, { k: 10, ef })
    expect(await index.search(query, { k: 10, recall: 0.97 })).toEqual(expected)
    expect(index.searchSync(query, { k: 10, recall: 0.97 })).toEqual(expected)
    const { ids } = await index.searchBatch(query, { k: 10, recall: 0.97 })
    expect([...ids]).toEqual(expected.map(({ id }) => id))
  })

  test('takes a wider beam for more', async () => {
    const index = await indexOf(8000)
    const efs: number[] = []
    for (const recall of [0.5, 0.9, 0.99, 0.999])
      efs.push((await index.evaluate(query, { k: 10, recall })).ef)
    expect(efs).toEqual([...efs].sort((a, b) => a - b))
    expect(efs[3]).toBeGreaterThan(efs[0] as number)
  })

  test('needs no calibration where everything is scanned', async () => {
    for (const count of [0, 1, 500]) {
      const index = await indexOf(count)
      expect(await index.search(query, { k: 3, recall: 0.9 })).toEqual(
        await index.search(query, { k: 3, exact: true }),
      )
      expect(index.stats().calibration).toBeUndefined()
    }
  })

  test('copies its queries before it waits for the calibration', async () => {
    const index = await indexOf(4000)
    const mine = query.slice()
    const searches = [
      index.search(mine, { recall: 0.95 }),
      index.searchBatch(mine, { recall: 0.95 }),
    ] as const
    mine.fill(Number.NaN)
    expect((await searches[0]).map(({ id }) => id)).toEqual([...(await searches[1]).ids])
  })

  test('waits with all others for one calibration', async () => {
    const index = await indexOf(4000)
    const found = await Promise.all(Array.from({ length: 20 }, () => index.search(query, { recall: 0.9 })))
    for (const hits of found) expect(hits).toEqual(found[0])
  })

  test('aborted while its queries are read it ends as aborted, and nothing else does', async () => {
    const index = await indexOf(4000)
    const controller = new AbortController()
    const aborting = Object.defineProperty(Array.from(query), 0, {
      get: () => {
        controller.abort()
        return 0
      },
    })
    const { signal } = controller
    await expectRejection(() => index.searchBatch([aborting], { recall: 0.9, signal }), 'ABORTED')
    await index.close() // and with it the calibration, of whose end nobody else is told
  })

  test('on this thread does not wait', async () => {
    const index = await indexOf(8000)
    const exact = index.searchSync(query, { k: 10, exact: true })
    expect(index.searchSync(query, { k: 10, recall: 0.99 })).toEqual(exact)
    expect(index.stats().calibration).toBeUndefined()
    // It has begun to calibrate in the background meanwhile.
    await expect.poll(() => index.stats().calibration?.isFresh, { timeout: 20_000 }).toBe(true)
  })
})

describe('the calibration', () => {
  test('is shown by stats', async () => {
    const index = await indexOf(8000)
    await index.search(query, { recall: 0.95 })
    const { calibration } = index.stats()
    expect(calibration).toMatchObject({ isFresh: true, vectorCount: 8000 })
    expect(calibration?.sampleCount).toBeGreaterThan(100)
    for (const { k, points } of calibration?.curves ?? []) {
      expect(k).toBeGreaterThan(0)
      const recalls = points.map(({ recall }) => recall)
      expect(recalls).toEqual([...recalls].sort((a, b) => a - b))
      expect(recalls.at(-1)).toBeGreaterThan(0.99)
    }
  })

  test('is the same each time', async () => {
    const [first, second] = await Promise.all([indexOf(4000, { threads: 1 }), indexOf(4000, { threads: 3 })])
    await first?.search(query, { recall: 0.95 })
    await second?.search(query, { recall: 0.95 })
    expect(first?.stats().calibration).toEqual(second?.stats().calibration)
  })

  test('is renewed in the background as the index grows', async () => {
    const index = await indexOf(2000)
    await index.search(query, { recall: 0.95 })
    await index.add(vectors.subarray(2000 * dimension, 2100 * dimension))
    expect(index.stats().calibration).toMatchObject({ isFresh: true, vectorCount: 2000 })
    await index.add(vectors.subarray(2100 * dimension, 3000 * dimension))
    await expect.poll(() => index.stats().calibration?.vectorCount, { timeout: 20_000 }).toBe(3000)
    // More than twice as many: a search waits for it again.
    await index.add(vectors.subarray(3000 * dimension))
    await index.search(query, { recall: 0.95 })
    expect(index.stats().calibration).toMatchObject({ isFresh: true, vectorCount: 8000 })
  })

  test('does not hold up close', async () => {
    const index = await indexOf(8000)
    index.searchSync(query, { recall: 0.95 })
    const waiting = index.search(query, { k: 2, recall: 0.95 })
    await index.close()
    expect(await waiting).toHaveLength(2)
    await expectRejection(() => index.search(query, { recall: 0.95 }), 'CLOSED')
    expectThrow(() => index.searchSync(query, { recall: 0.95 }), 'CLOSED')
  })

  test('can be given up by all who wait for it, and begun anew', async () => {
    const index = await indexOf(8000)
    const controller = new AbortController()
    const { signal } = controller
    const reason = new Error('enough')
    const searches = [
      index.search(query, { recall: 0.95, signal }),
      index.searchBatch(queries, { recall: 0.95, signal }),
      index.evaluate(queries, { recall: 0.95, signal }),
    ]
    controller.abort(reason)
    for (const settled of await Promise.allSettled(searches)) {
      expect(settled).toMatchObject({ status: 'rejected', reason: { code: 'ABORTED', cause: reason } })
    }
    expect(await index.search(query, { k: 4, recall: 0.95 })).toHaveLength(4)
    expect(index.stats().calibration?.isFresh).toBe(true)
  })
})

describe('recall', () => {
  test.each([0, 1, -0.5, 1.5, Number.NaN, '0.9', null, 1n, {}])('of %s is refused', async (recall) => {
    const index = new VectorIndex({ dimension })
    const options = { recall } as never
    await expectRejection(() => index.search(query, options), 'INVALID_ARGUMENT', 'recall is ')
    await expectRejection(() => index.searchBatch(query, options), 'INVALID_ARGUMENT', 'recall is ')
    await expectRejection(() => index.evaluate(query, options), 'INVALID_ARGUMENT', 'recall is ')
    expectThrow(() => index.searchSync(query, options), 'INVALID_ARGUMENT', 'recall is ')
  })

  test('comes alone', async () => {
    const index = new VectorIndex({ dimension })
    for (const other of [{ ef: 64 }, { exact: true }]) {
      const name = Object.keys(other)[0]
      const message = `recall and ${name} are both given`
      await expectRejection(() => index.search(query, { recall: 0.9, ...other }), 'INVALID_ARGUMENT', message)
    }
    await index.search(query, { recall: 0.9, exact: false, ef: undefined })
  })
})
