import { type SearchHit, VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { detach, shared } from '../support/buffers.ts'
import { clusteredVectors } from '../support/clustered.ts'
import { expectThrow } from '../support/failures.ts'

const loose = (index: VectorIndex) => index as unknown as { searchSync(...given: unknown[]): SearchHit[] }

describe('searchSync', () => {
  test.each([{}, { k: 1 }, { k: 40, ef: 80 }, { k: 5, exact: true }, { k: 1e9 }])(
    'finds what search finds: %o',
    async (options) => {
      const dimension = 16
      const vectors = clusteredVectors({ count: 6000, dimension })
      const index = new VectorIndex({ dimension, threads: 2 })
      await index.add(vectors)
      for (let row = 0; row < 20; ++row) {
        const query = vectors.subarray(row * dimension, (row + 1) * dimension)
        expect(index.searchSync(query, options)).toEqual(await index.search(query, options))
      }
    },
  )

  test.each(['bigint', 'string'] as const)('gives ids of type %s', async (idType) => {
    const index = new VectorIndex<'bigint' | 'string'>({ dimension: 1, metric: 'l2', idType })
    await index.add([[5], [6]])
    const [first] = index.searchSync([6.1], { k: 1 })
    expect(first?.id).toBe(idType === 'bigint' ? 1n : '1')
  })

  test.each(['number', 'bigint', 'string'] as const)(
    'hits with ids of type %s stay as they are while the next queries run',
    async (idType) => {
      const count = 1500
      const index = new VectorIndex<'number' | 'bigint' | 'string'>({ dimension: 1, metric: 'l2', idType })
      await index.add(Float32Array.from({ length: count }, (_, row) => row))
      const idOf = (row: number) => ({ number: row, bigint: BigInt(row), string: `${row}` })[idType]
      const expected = (k: number) =>
        Array.from({ length: k }, (_, row) => ({ id: idOf(row), distance: row * row }))
      const hits = [3, 20, 1100, 5, 2000].map((k) => index.searchSync([0], { k, exact: true }))
      expect(hits.map(({ length }) => length)).toEqual([3, 20, 1100, 5, count])
      for (const found of hits) expect(found).toEqual(expected(found.length))
    },
  )

  test('takes queries of every shape', async () => {
    const index = new VectorIndex({ dimension: 2, metric: 'l2' })
    await index.add(3, [1, 2])
    const part = Float32Array.of(7, 1, 2).subarray(1)
    for (const query of [[1, 2], part, Float64Array.of(1, 2), Uint8Array.of(1, 2), shared([1, 2])]) {
      expect(index.searchSync(query)).toEqual([{ id: 3, distance: 0 }])
    }
  })

  test('a query that searches while it is read gets its own hits', async () => {
    const index = new VectorIndex({ dimension: 2, metric: 'l2' })
    await index.add([
      [1, 1],
      [5, 5],
    ])
    const query = [5, 5]
    const meanwhile: SearchHit[][] = []
    Object.defineProperty(query, 1, { get: () => 5 * meanwhile.push(index.searchSync([1, 1], { k: 1 })) })
    expect(index.searchSync(query, { k: 1 })).toEqual([{ id: 1, distance: 0 }])
    expect(meanwhile).toEqual([[{ id: 0, distance: 0 }]])
  })

  test('a search that failed leaves the next one as it was', async () => {
    const index = new VectorIndex({ dimension: 1, metric: 'l2' })
    await index.add(Float32Array.from({ length: 1100 }, (_, row) => row))
    for (const k of [2, 1100]) {
      expectThrow(() => index.searchSync(Float32Array.of(Number.NaN), { k }), 'INVALID_VECTOR')
      expect(index.searchSync([7], { k: 1 })).toEqual([{ id: 7, distance: 0 }])
    }
  })

  test('an empty index has no hits', () => {
    expect(new VectorIndex({ dimension: 2 }).searchSync([1, 2])).toEqual([])
  })

  test('works while an add is going on', async () => {
    const index = new VectorIndex({ dimension: 16, metric: 'l2' })
    const vectors = clusteredVectors({ count: 8000, dimension: 16 })
    await index.add(vectors.subarray(0, 1600))
    const adding = index.add(vectors.subarray(1600))
    for (let attempt = 0; attempt < 50; ++attempt) {
      expect(index.searchSync(vectors.subarray(0, 16), { k: 1 })).toEqual([{ id: 0, distance: 0 }])
    }
    await adding
  })

  test.each([
    [[1, 2], 'DIMENSION_MISMATCH', 'query has 2 values; expected 3'],
    [new Float32Array(6), 'DIMENSION_MISMATCH', 'query has 6 values; expected 3'],
    [[1, Number.NaN, 3], 'INVALID_VECTOR', /query\b.*position 1/],
    [Float32Array.of(1, 2, Number.NaN), 'INVALID_VECTOR', /query\b.*position 2/],
    [[1, '2', 3], 'INVALID_VECTOR', 'query, position 1 is "2"'],
    [[0, 0, 0], 'INVALID_VECTOR', /zero/],
    [null, 'INVALID_ARGUMENT', 'query is null'],
    [undefined, 'INVALID_ARGUMENT', 'query is undefined'],
    [detach(new Float32Array(3)), 'INVALID_ARGUMENT', 'detached'],
  ] as const)('throws for %o', async (query, code, message) => {
    const index = new VectorIndex({ dimension: 3 })
    expectThrow(() => loose(index).searchSync(query), code, message)
    await index.add([[1, 2, 3]])
    expectThrow(() => loose(index).searchSync(query), code, message)
  })

  test.each([
    { k: 0 },
    { k: -1 },
    { k: 2.7 },
    { k: Number.NaN },
    { ef: 0 },
    { exact: 1 },
    { topK: 3 },
    { signal: new AbortController().signal },
    null,
    5,
  ])('throws for options %o', (options) => {
    const index = new VectorIndex({ dimension: 1 })
    expectThrow(() => loose(index).searchSync([1], options), 'INVALID_ARGUMENT')
  })

  test('the error has the line of the caller in its stack', () => {
    const index = new VectorIndex({ dimension: 1 })
    function namedCaller() {
      index.searchSync([Number.NaN])
    }
    expect(expectThrow(namedCaller, 'INVALID_VECTOR').stack).toContain('namedCaller')
  })
})
