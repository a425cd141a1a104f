import { getEventListeners } from 'node:events'
import { type IdType, VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { detach, shared } from '../support/buffers.ts'
import { clusteredVectors, countingIds } from '../support/clustered.ts'
import { expectRejection } from '../support/failures.ts'
import { referenceSearch } from '../support/reference.ts'

const loose = (index: VectorIndex) => index as unknown as { search(...given: unknown[]): Promise<unknown> }

describe('hits', () => {
  test.each(['l2', 'cosine', 'ip'] as const)(
    'are the nearest under %s, with their distances',
    async (metric) => {
      const dimension = 24
      const vectors = clusteredVectors({ count: 700, dimension })
      const queries = clusteredVectors({ count: 20, dimension, seed: 8 })
      const index = new VectorIndex({ dimension, metric, threads: 2 })
      await index.add(countingIds(700), vectors)
      for (let query = 0; query < 20; ++query) {
        const values = queries.subarray(query * dimension, (query + 1) * dimension)
        const expected = referenceSearch(metric, vectors, values, 10)
        const found = await index.search(values, { exact: true })
        expect(found.map((hit) => hit.id)).toEqual(expected.map((hit) => hit.row))
        for (const [rank, { distance }] of found.entries()) {
          expect(distance).toBeCloseTo(expected[rank]?.distance as number, 3)
        }
      }
    },
  )

  test('distances are squared l2, 1 - cosine, 1 - dot', async () => {
    const distanceUnder = async (metric: 'l2' | 'cosine' | 'ip') => {
      const index = new VectorIndex({ dimension: 2, metric })
      await index.add(0, [3, 4])
      return (await index.search([4, 3]))[0]?.distance
    }
    expect(await distanceUnder('l2')).toBe(2)
    expect(await distanceUnder('cosine')).toBeCloseTo(1 - 24 / 25, 6)
    expect(await distanceUnder('ip')).toBe(-23)
  })

  test('equal distances come by ascending id', async () => {
    for (const [idType, ids] of [
      ['number', [30, 4, 200, 1]],
      ['bigint', [30n, 4n, 2n ** 63n, 1n]],
      ['string', ['b', 'a', 'd', 'c']],
    ] as const) {
      const index = new VectorIndex<IdType>({ dimension: 2, metric: 'l2', idType, threads: 4 })
      const rows = [
        [1, 1],
        [1, 1],
        [2, 2],
        [1, 1],
      ]
      await index.add(ids as never, rows)
      const [first, second, farther, third] = ids
      const sorted = [first, second, third].sort((a, b) => (a < b ? -1 : 1))
      expect((await index.search([1, 1])).map((hit) => hit.id)).toEqual([...sorted, farther])
    }
  })

  test('k is 10 if left out, and at most the number of vectors', async () => {
    const index = new VectorIndex({ dimension: 1, metric: 'l2' })
    await index.add(countingIds(25), Float32Array.from(countingIds(25)))
    expect(await index.search([0])).toHaveLength(10)
    expect(await index.search([0], { k: undefined })).toHaveLength(10)
    expect((await index.search([0], { k: 3 })).map((hit) => hit.id)).toEqual([0, 1, 2])
    for (const k of [25, 26, 1e9, 2 ** 31, 2 ** 32, 1e15, Number.MAX_SAFE_INTEGER]) {
      expect(await index.search([0], { k })).toHaveLength(25)
      expect(await index.search([0], { k, exact: true })).toHaveLength(25)
    }
  })

  test('an empty index has none', async () => {
    const index = new VectorIndex({ dimension: 3 })
    expect(await index.search([1, 2, 3])).toEqual([])
    expect(await index.search([1, 2, 3], { k: 1e9, exact: true })).toEqual([])
  })

  test('ef below k is raised to k, and any ef is fine', async () => {
    const index = new VectorIndex({ dimension: 4, metric: 'l2', threads: 1 })
    const vectors = clusteredVectors({ count: 6000, dimension: 4 })
    await index.add(vectors)
    for (const ef of [1, 50, 5000, 2 ** 40]) {
      const found = await index.search(vectors.subarray(0, 4), { k: 50, ef })
      expect(found).toHaveLength(50)
      expect(found[0]).toEqual({ id: 0, distance: 0 })
    }
  })

  test('of several segments are the same with the help of other threads, and when the index is closed meanwhile', async () => {
    const dimension = 32
    const index = new VectorIndex({ dimension, threads: 4, growingSegments: 4 })
    await index.add(clusteredVectors({ count: 6000, dimension }))
    expect(index.stats().segments).toHaveLength(4)
    const queries = clusteredVectors({ count: 60, dimension, seed: 8 })
    const query = (at: number) => queries.subarray(at * dimension, (at + 1) * dimension)
    const expected = Array.from({ length: 60 }, (_, at) => index.searchSync(query(at), { ef: 100 }))
    for (let at = 0; at < 60; ++at) expect(await index.search(query(at), { ef: 100 })).toEqual(expected[at])
    const pending = expected.map((_, at) => index.search(query(at), { ef: 100 }))
    await index.close()
    expect(await Promise.all(pending)).toEqual(expected)
  })

  test('an add that has resolved is found; one that has not may be', async () => {
    const index = new VectorIndex({ dimension: 16, metric: 'l2' })
    const vectors = clusteredVectors({ count: 9000, dimension: 16 })
    await index.add(vectors.subarray(0, 3000 * 16))
    const adding = index.add(vectors.subarray(3000 * 16))
    for (const row of [0, 1234, 2999]) {
      const query = vectors.subarray(row * 16, (row + 1) * 16)
      expect((await index.search(query, { k: 1 }))[0]).toEqual({ id: row, distance: 0 })
    }
    await adding
    for (const row of [0, 3000, 8999]) {
      const query = vectors.subarray(row * 16, (row + 1) * 16)
      expect((await index.search(query, { k: 1 }))[0]).toEqual({ id: row, distance: 0 })
    }
  })
})

describe('queries', () => {
  test.each([
    ['numbers', [1, 2, 3]],
    ['Float32Array', Float32Array.of(1, 2, 3)],
    ['a part of a Float32Array', Float32Array.of(9, 1, 2, 3, 9).subarray(1, 4)],
    ['Float64Array', Float64Array.of(1, 2, 3)],
    ['Int8Array', Int8Array.of(1, 2, 3)],
    ['a part of a Buffer', Buffer.of(9, 9, 1, 2, 3).subarray(2)],
    ['shared memory', shared([1, 2, 3])],
  ])('may be %s', async (_, query) => {
    const index = new VectorIndex({ dimension: 3, metric: 'l2' })
    await index.add(
      [4, 5],
      [
        [1, 2, 3],
        [1, 2, 4],
      ],
    )
    expect(await index.search(query)).toEqual([
      { id: 4, distance: 0 },
      { id: 5, distance: 1 },
    ])
  })

  test('are copied before the call returns', async () => {
    const index = new VectorIndex({ dimension: 2, metric: 'l2' })
    await index.add(
      [1, 2],
      [
        [1, 1],
        [5, 5],
      ],
    )
    const query = Float32Array.of(1, 1)
    const searching = index.search(query, { k: 1 })
    query.fill(5)
    expect(await searching).toEqual([{ id: 1, distance: 0 }])
    const again = index.search(query, { k: 1 })
    detach(query)
    expect(await again).toEqual([{ id: 2, distance: 0 }])
  })

  test.each([
    ['short', [1, 2], 'DIMENSION_MISMATCH', "query has 2 values; expected 3, the index's dimension"],
    ['long', new Float32Array(4), 'DIMENSION_MISMATCH', 'query has 4 values; expected 3'],
    ['of twice the dimension', new Float32Array(6), 'DIMENSION_MISMATCH', 'query has 6 values; expected 3'],
    ['empty', [], 'DIMENSION_MISMATCH', 'query has 0 values; expected 3'],
    ['NaN in numbers', [1, Number.NaN, 3], 'INVALID_VECTOR', /query\b.*position 1 is NaN/],
    ['NaN in floats', Float32Array.of(1, 2, Number.NaN), 'INVALID_VECTOR', /query\b.*position 2/],
    ['infinite', Float32Array.of(Number.NEGATIVE_INFINITY, 2, 3), 'INVALID_VECTOR', /query\b.*position 0/],
    ['too large for a float', [1, 2, 1e39], 'INVALID_VECTOR', 'query, position 2 is 1e+39'],
    ['with a string', [1, '2', 3], 'INVALID_VECTOR', 'query, position 1 is "2"; expected a number'],
    ['with undefined', [1, undefined, 3], 'INVALID_VECTOR', 'query, position 1 is undefined'],
    ['with null', [1, null, 3], 'INVALID_VECTOR', 'query, position 1 is null'],
    ['with a bigint', [1, 2n, 3], 'INVALID_VECTOR', 'query, position 1 is 2n'],
    ['of rows', [[1, 2, 3], 2, 3], 'INVALID_VECTOR', 'query, position 0 is an array'],
    ['undefined', undefined, 'INVALID_ARGUMENT', 'query is undefined; expected a vector'],
    ['null', null, 'INVALID_ARGUMENT', 'query is null'],
    ['a number', 5, 'INVALID_ARGUMENT', 'query is 5'],
    ['a string', 'red', 'INVALID_ARGUMENT', 'query is "red"'],
    ['array-like', { length: 3, 0: 1, 1: 2, 2: 3 }, 'INVALID_ARGUMENT', 'query is an object'],
    ['a buffer', new ArrayBuffer(12), 'INVALID_ARGUMENT', 'query is an object'],
    ['a data view', new DataView(new ArrayBuffer(12)), 'INVALID_ARGUMENT', 'query is an object'],
    ['of bigints', BigInt64Array.of(1n, 2n, 3n), 'INVALID_ARGUMENT', 'query is a BigInt64Array'],
    ['zero under cosine', [0, 0, 0], 'INVALID_VECTOR', /query\b.*zero/],
  ] as const)('that are %s are refused', async (_, query, code, message) => {
    const empty = new VectorIndex({ dimension: 3 })
    await expectRejection(() => loose(empty).search(query), code, message)
    const index = new VectorIndex({ dimension: 3 })
    await index.add([[1, 2, 3]])
    await expectRejection(() => loose(index).search(query), code, message)
    await expectRejection(() => loose(index).search(query, { exact: true }), code, message)
  })

  test('on a detached buffer are refused', async () => {
    const index = new VectorIndex({ dimension: 3 })
    await expectRejection(() => index.search(detach(new Float32Array(3))), 'INVALID_ARGUMENT', 'detached')
  })
})

describe('options', () => {
  test.each([
    ['k', [0, -1, 2.7, Number.NaN, Number.POSITIVE_INFINITY, '10', null, 10n, [10], {}, true, 2 ** 53]],
    ['ef', [0, -1, 2.7, Number.NaN, '10', null, 10n]],
    ['exact', [0, 1, 'true', null, {}]],
    ['signal', [null, {}, 1]],
  ] as const)(
    '%s of a wrong type or out of range is an INVALID_ARGUMENT that names it',
    async (name, values) => {
      const index = new VectorIndex({ dimension: 1 })
      await index.add([[1]])
      for (const value of values) {
        await expectRejection(
          () => loose(index).search([1], { [name]: value }),
          'INVALID_ARGUMENT',
          `${name} is `,
        )
      }
    },
  )

  test.each([
    ['topK', 'k'],
    ['K', 'k'],
    ['efSearch', 'ef'],
    ['Exact', 'exact'],
  ])('an unknown one, %s, is refused, and %s is named', async (name, nearest) => {
    const index = new VectorIndex({ dimension: 1 })
    const message = `unknown option "${name}"; did you mean '${nearest}'?`
    await expectRejection(() => loose(index).search([1], { [name]: 5 }), 'INVALID_ARGUMENT', message)
  })

  test('only own properties count', async () => {
    const index = new VectorIndex({ dimension: 1 })
    await index.add([[1], [2], [3]])
    try {
      Object.assign(Object.prototype, { k: 1, exact: 'nonsense' })
      expect(await index.search([1], {})).toHaveLength(3)
      const own = Object.assign(Object.create({ k: -1 }), { ef: 9 })
      expect(await index.search([1], own)).toHaveLength(3)
    } finally {
      for (const name of ['k', 'exact']) Reflect.deleteProperty(Object.prototype, name)
    }
  })

  test('may close the index while they are read', async () => {
    const index = new VectorIndex({ dimension: 1 })
    await index.add([[1]])
    const options = {
      get k() {
        void index.close()
        return 1
      },
    }
    await expectRejection(() => index.search([1], options), 'CLOSED')
  })

  test('that are no object are refused', async () => {
    const index = new VectorIndex({ dimension: 1 })
    for (const options of [null, 10, 'k', [], () => 10]) {
      await expectRejection(() => loose(index).search([1], options), 'INVALID_ARGUMENT', 'options is ')
    }
  })
})

describe('a signal', () => {
  test('aborted already rejects with its reason as cause', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const error = await expectRejection(
      () => index.search([1], { signal: AbortSignal.abort('why') }),
      'ABORTED',
      'search was aborted',
    )
    expect(error.cause).toBe('why')
  })

  test('aborted while searching rejects, or comes too late', async () => {
    const index = new VectorIndex({ dimension: 256, metric: 'l2' })
    await index.add(new Float32Array(256 * 3900).fill(1))
    for (let attempt = 0; attempt < 20; ++attempt) {
      const controller = new AbortController()
      const searching = index.search(new Float32Array(256), { exact: true, signal: controller.signal })
      if (attempt % 2 === 0) setImmediate(() => controller.abort(attempt))
      else controller.abort(attempt)
      const outcome = await searching.catch((error: unknown) => error)
      if (Array.isArray(outcome)) expect(outcome).toHaveLength(10)
      else expect(outcome).toMatchObject({ code: 'ABORTED', cause: attempt })
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    }
  })
})
