import { type BatchHits, type Id, type IdType, VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { assertHitsFit, BatchResult } from '../../dist/results.js'
import { detach, shared } from '../support/buffers.ts'
import { clusteredVectors, countingIds } from '../support/clustered.ts'
import { expectRejection, expectThrow } from '../support/failures.ts'

const loose = (index: VectorIndex) =>
  index as unknown as { searchBatch(...given: unknown[]): Promise<BatchHits> }

function rowsOf<T extends IdType>(batch: BatchHits<T>): { id: Id<T>; distance: number }[][] {
  return Array.from(batch.counts, (count, query) =>
    Array.from({ length: count }, (_, rank) => ({
      id: batch.ids[query * batch.k + rank] as Id<T>,
      distance: batch.distances[query * batch.k + rank] as number,
    })),
  )
}

test.each([
  ['more rows than are searched at once', 20_000, {}],
  ['more results than are made at once', 400, { k: 1000 }],
  ['a recall that is calibrated first', 20_000, { recall: 0.9 }],
])('queries of less than 4 MiB are copied before the call returns: %s', async (_, count, options) => {
  const dimension = 8
  const index = new VectorIndex({ dimension, metric: 'l2', threads: 2 })
  await index.add(clusteredVectors({ count: 3000, dimension }))
  const queries = clusteredVectors({ count, dimension, seed: 9 })
  // First: where a recall is asked for, the first call waits for the calibration.
  const given = queries.slice()
  const searching = index.searchBatch(given, options)
  given.fill(Number.NaN)
  const { ids } = await searching
  expect(ids).toEqual((await index.searchBatch(queries, options)).ids)
  await index.close()
})

describe('results', () => {
  test.each([{ k: 7 }, { k: 7, exact: true }, { k: 30, ef: 90 }, {}])(
    'are those of search, query by query: %o',
    async (options) => {
      const dimension = 20
      const index = new VectorIndex({ dimension, threads: 2 })
      await index.add(clusteredVectors({ count: 9000, dimension }))
      const queries = clusteredVectors({ count: 60, dimension, seed: 9 })
      const batch = await index.searchBatch(queries, options)
      expect(batch.k).toBe(options.k ?? 10)
      expect(batch.ids).toBeInstanceOf(Float64Array)
      expect(batch.distances).toBeInstanceOf(Float32Array)
      expect(batch.counts).toBeInstanceOf(Uint32Array)
      const rows = rowsOf(batch)
      expect(rows).toHaveLength(60)
      for (const [query, row] of rows.entries()) {
        const values = queries.subarray(query * dimension, (query + 1) * dimension)
        expect(row).toEqual(await index.search(values, options))
      }
    },
  )

  test.each(['bigint', 'string'] as const)('hold ids of type %s', async (idType) => {
    const index = new VectorIndex<'bigint' | 'string'>({ dimension: 1, metric: 'l2', idType })
    await index.add([[10], [20], [30]])
    const batch = await index.searchBatch([[31], [9]], { k: 2 })
    expect(batch.ids).toEqual(idType === 'bigint' ? BigUint64Array.of(2n, 1n, 0n, 1n) : ['2', '1', '0', '1'])
  })

  test('have the size of the index as k if that is less', async () => {
    const index = new VectorIndex({ dimension: 1, metric: 'l2' })
    await index.add([[1], [2], [3]])
    for (const k of [3, 4, 1e9, 1e15]) {
      const batch = await index.searchBatch([[1], [3]], { k })
      expect(batch).toEqual({
        k: 3,
        ids: Float64Array.of(0, 1, 2, 2, 1, 0),
        distances: Float32Array.of(0, 1, 4, 0, 1, 4),
        counts: Uint32Array.of(3, 3),
      })
    }
  })

  test('of an empty index are empty', async () => {
    const index = new VectorIndex({ dimension: 2 })
    expect(
      await index.searchBatch([
        [1, 2],
        [3, 4],
      ]),
    ).toEqual({
      k: 0,
      ids: new Float64Array(),
      distances: new Float32Array(),
      counts: Uint32Array.of(0, 0),
    })
  })

  test('of no queries are empty', async () => {
    const index = new VectorIndex({ dimension: 2 })
    await index.add([[1, 2]])
    const expected = {
      k: 1,
      ids: new Float64Array(),
      distances: new Float32Array(),
      counts: new Uint32Array(),
    }
    expect(await index.searchBatch([])).toEqual(expected)
    expect(await index.searchBatch(new Float32Array())).toEqual(expected)
  })

  test('come from many chunks in one piece', async () => {
    const dimension = 4
    const index = new VectorIndex({ dimension, metric: 'l2', threads: 2 })
    const vectors = clusteredVectors({ count: 500, dimension })
    await index.add(vectors)
    const count = 50_000
    const queries = new Float32Array(count * dimension)
    for (let query = 0; query < count; ++query) {
      const row = (query * 7) % 500
      queries.set(vectors.subarray(row * dimension, (row + 1) * dimension), query * dimension)
    }
    const batch = await index.searchBatch(queries, { k: 2 })
    for (let query = 0; query < count; ++query) {
      if (batch.ids[2 * query] !== (query * 7) % 500)
        expect.fail(`query ${query} found ${batch.ids[2 * query]}`)
    }
    expect(batch.counts.every((found) => found === 2)).toBe(true)
    const many = await index.searchBatch(queries.subarray(0, 4000 * dimension), { k: 500, exact: true })
    expect(many.counts.every((found) => found === 500)).toBe(true)
    expect(many.ids[3999 * 500]).toBe((3999 * 7) % 500)
  })

  test('keep their k while the index grows', async () => {
    const dimension = 8
    const index = new VectorIndex({ dimension, metric: 'l2' })
    const vectors = clusteredVectors({ count: 20_000, dimension })
    await index.add(vectors.subarray(0, 5 * dimension))
    const searching = index.searchBatch(vectors, { k: 100 })
    const adding = index.add(vectors.subarray(5 * dimension))
    const batch = await searching
    expect(batch.k).toBe(5)
    expect(batch.ids).toHaveLength(5 * 20_000)
    expect(batch.counts.every((found) => found === 5)).toBe(true)
    await adding
  })
})

describe('queries', () => {
  const flat = [1, 2, 3, 4]
  test.each([
    ['one Float32Array', Float32Array.from(flat)],
    ['a part of one', Float32Array.of(0, ...flat, 0).subarray(1, 5)],
    ['one Float64Array', Float64Array.from(flat)],
    ['one Int16Array', Int16Array.from(flat)],
    ['shared memory', shared(flat)],
    [
      'arrays of numbers',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['typed arrays', [Float32Array.of(1, 2), Uint8Array.of(3, 4)]],
  ])('may be %s', async (_, queries) => {
    const index = new VectorIndex({ dimension: 2, metric: 'l2' })
    await index.add(
      [6, 7],
      [
        [1, 2],
        [3, 4],
      ],
    )
    const { ids, distances } = await index.searchBatch(queries, { k: 1 })
    expect([...ids, ...distances]).toEqual([6, 7, 0, 0])
  })

  test.each([
    [
      'a length that is no multiple',
      new Float32Array(5),
      'DIMENSION_MISMATCH',
      'queries has 5 values; expected a multiple of 2',
    ],
    ['a row of another length', [[1, 2], [1]], 'DIMENSION_MISMATCH', 'query 1 has 1 values; expected 2'],
    [
      'NaN in a row',
      [
        [1, 2],
        [1, Number.NaN],
      ],
      'INVALID_VECTOR',
      /query 1\b.*position 1/,
    ],
    ['NaN in floats', Float32Array.of(1, 2, 3, Number.NaN), 'INVALID_VECTOR', /query 1\b.*position 1/],
    ['NaN in doubles', Float64Array.of(1, 2, 3, Number.NaN), 'INVALID_VECTOR', /query 1\b.*position 1/],
    [
      'a string',
      [
        [1, 2],
        ['1', 2],
      ],
      'INVALID_VECTOR',
      'query 1, position 0 is "1"; expected a number',
    ],
    [
      'zero under cosine',
      [
        [1, 2],
        [0, 0],
      ],
      'INVALID_VECTOR',
      /query 1\b.*zero/,
    ],
    ['a single array of numbers', [1, 2], 'INVALID_ARGUMENT', 'query 0 is 1; expected a vector'],
    ['nothing', undefined, 'INVALID_ARGUMENT', 'queries is undefined'],
    ['null', null, 'INVALID_ARGUMENT', 'queries is null'],
    ['a string for all', 'queries', 'INVALID_ARGUMENT', 'queries is "queries"'],
    ['a hole', [[1, 2], undefined], 'INVALID_ARGUMENT', 'query 1 is undefined'],
    ['a detached buffer', detach(new Float32Array(4)), 'INVALID_ARGUMENT', 'detached'],
  ] as const)('with %s are refused', async (_, queries, code, message) => {
    const index = new VectorIndex({ dimension: 2 })
    await expectRejection(() => loose(index).searchBatch(queries), code, message)
    await index.add([[1, 2]])
    await expectRejection(() => loose(index).searchBatch(queries), code, message)
  })

  test('one that is bad in a late chunk is found too', async () => {
    const index = new VectorIndex({ dimension: 1, metric: 'l2' })
    await index.add([[1]])
    const queries = new Float32Array(100_000)
    queries[99_999] = Number.NaN
    await expectRejection(() => index.searchBatch(queries, { k: 1 }), 'INVALID_VECTOR', 'query 99999, ')
  })

  test('whose memory goes away during the call are refused', async () => {
    const index = new VectorIndex({ dimension: 64 })
    await index.add([new Float32Array(64).fill(1)])
    const queries = new Float32Array(64 * 60_000).fill(1)
    const searching = index.searchBatch(queries)
    detach(queries)
    await expectRejection(() => searching, 'INVALID_ARGUMENT', 'detached')
  })
})

describe('options', () => {
  test.each([{ k: 0 }, { k: 1.5 }, { ef: -1 }, { exact: 'no' }, { signal: {} }, { K: 1 }, null, 7])(
    'that are wrong are refused: %o',
    async (options) => {
      const index = new VectorIndex({ dimension: 1 })
      await expectRejection(() => loose(index).searchBatch([[1]], options), 'INVALID_ARGUMENT')
    },
  )

  test('long ids that many queries find are there once', async () => {
    const index = new VectorIndex({ dimension: 1, metric: 'l2', idType: 'string' })
    const texts = Array.from({ length: 200 }, (_, i) => String(i).padEnd(60_000, 'x'))
    await index.add(
      texts,
      Float32Array.from({ length: 200 }, (_, i) => i),
    )
    // As strings of their own these were 12 GB.
    const { ids } = await index.searchBatch(new Float32Array(1000), { k: 200 })
    for (const at of [0, 1, 199, 200, 199_999]) expect(ids[at]).toBe(texts[at % 200])
  })

  test('ids that take more than 1 GiB are refused', () => {
    const result = new BatchResult(2, 1, 'string')
    const columns = { k: 1, ids: ['a'], distances: Float32Array.of(0), counts: Uint32Array.of(1) }
    result.put(0, { ...columns, textBytes: 2 ** 30 })
    expectThrow(() => result.put(1, { ...columns, textBytes: 1 }), 'INVALID_ARGUMENT', 'search fewer queries')
  })

  test('results of more than 1 GiB are refused before they are made', async () => {
    const index = new VectorIndex({ dimension: 1, metric: 'l2' })
    await index.add(countingIds(2000), new Float32Array(2000))
    const error = await expectRejection(
      () => index.searchBatch(new Float32Array(100_000), { k: 2000 }),
      'INVALID_ARGUMENT',
      'more than 1 GiB; search at most',
    )
    const most = Number(/at most (\d+) queries per call/.exec(error.message)?.[1])
    expect(most * (2000 * 12 + 4)).toBeLessThanOrEqual(2 ** 30)
    expect((most + 1) * (2000 * 12 + 4)).toBeGreaterThan(2 ** 30)
  })

  test('what does not fit the heap as objects is for it', () => {
    assertHitsFit(10, () => 2 ** 30)
    assertHitsFit(Number.MAX_SAFE_INTEGER, () => 2 ** 22)
    expectThrow(
      () => assertHitsFit(2 ** 23, () => 2 ** 30),
      'INVALID_ARGUMENT',
      /makes 8388608 hits.*searchBatch/,
    )
    expectThrow(
      () => assertHitsFit(2 ** 30, () => 2 ** 22 + 1),
      'INVALID_ARGUMENT',
      'expected 4194304 at most',
    )
  })

  test('a signal aborts it', async () => {
    const index = new VectorIndex({ dimension: 32 })
    await index.add(clusteredVectors({ count: 5000, dimension: 32 }))
    const queries = clusteredVectors({ count: 60_000, dimension: 32 })
    const reason = new Error('too slow')
    await expectRejection(() => index.searchBatch(queries, { signal: AbortSignal.abort() }), 'ABORTED')
    const controller = new AbortController()
    const searching = index.searchBatch(queries, { ef: 500, signal: controller.signal })
    setTimeout(() => controller.abort(reason), 20)
    const error = await expectRejection(() => searching, 'ABORTED', 'searchBatch was aborted')
    expect(error.cause).toBe(reason)
    expect(await index.search(queries.subarray(0, 32))).toHaveLength(10)
  })
})
