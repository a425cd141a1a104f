import { type Ids, VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { expectRejection } from '../support/failures.ts'

const loose = (index: VectorIndex) => index as unknown as { add(...given: unknown[]): Promise<unknown[]> }

describe('ids', () => {
  test('numbers come back in row order', async () => {
    const index = new VectorIndex({ dimension: 2 })
    expect(
      await index.add(
        [7, 0, Number.MAX_SAFE_INTEGER],
        [
          [1, 0],
          [0, 1],
          [1, 1],
        ],
      ),
    ).toEqual([7, 0, Number.MAX_SAFE_INTEGER])
    expect(index.get(Number.MAX_SAFE_INTEGER)).toEqual(Float32Array.of(1, 1))
  })

  test('bigints span all 64 bits', async () => {
    const index = new VectorIndex({ dimension: 1, metric: 'l2', idType: 'bigint' })
    const ids = [0n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]
    expect(await index.add(ids, Float32Array.of(1, 2, 3, 4))).toEqual(ids)
    expect((await index.search([4], { k: 4 })).map((hit) => hit.id)).toEqual([...ids].reverse())
  })

  test('strings may be anything well-formed', async () => {
    const index = new VectorIndex({ dimension: 1, metric: 'l2', idType: 'string' })
    const ids = ['', 'a', 'é', '漢字', '🦊', '\u0000', 'nul\u0000inside', 'x'.repeat(65_535)]
    expect(await index.add(ids, Float32Array.from(ids.keys()))).toEqual(ids)
    for (const [row, id] of ids.entries()) {
      expect(await index.search([row], { k: 1 })).toEqual([{ id, distance: 0 }])
    }
  })

  test.each([
    ['Float64Array', Float64Array.of(3, 1, 2)],
    ['Float32Array', Float32Array.of(3, 1, 2)],
    ['Uint32Array', Uint32Array.of(3, 1, 2)],
    ['Int32Array', Int32Array.of(3, 1, 2)],
    ['Uint8Array', Uint8Array.of(3, 1, 2)],
    ['a part of an array', Uint32Array.of(9, 3, 1, 2, 9).subarray(1, 4)],
  ])('numbers may be in a typed array: %s', async (_, ids) => {
    const index = new VectorIndex({ dimension: 1, metric: 'l2' })
    expect(await index.add(ids as Ids<'number'>, Float32Array.of(30, 10, 20))).toEqual([3, 1, 2])
    expect(index.get(1)).toEqual(Float32Array.of(10))
  })

  test.each([BigUint64Array.of(5n, 2n ** 64n - 1n), BigInt64Array.of(5n, 6n)])(
    'bigints may be in a typed array: %o',
    async (ids) => {
      const index = new VectorIndex({ dimension: 1, metric: 'l2', idType: 'bigint' })
      expect(await index.add(ids, Float32Array.of(1, 2))).toEqual([...ids])
      expect(index.has(5n)).toBe(true)
    },
  )

  test('-0 is the id 0', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const [id] = await index.add([-0], [[1]])
    expect(Object.is(id, 0)).toBe(true)
    expect(index.has(0) && index.has(-0)).toBe(true)
  })

  test.each([
    ['number', [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', 1n, null, undefined, {}, true]],
    ['bigint', [-1n, 2n ** 64n, 2n ** 4000n, 1, '1', null, undefined]],
    ['string', ['\ud800', 'x'.repeat(65_536), 1, 1n, null, undefined, ['a']]],
  ] as const)('a bad %s id is an INVALID_ID that names the row', async (idType, values) => {
    const good = { number: 1, bigint: 1n, string: 'good' }[idType]
    for (const value of values) {
      const index = new VectorIndex({ dimension: 1, idType })
      await expectRejection(
        () => index.add([good, value] as never, Float32Array.of(1, 2)),
        'INVALID_ID',
        /^id of row 1 is .*; expected .* idType is '/,
      )
      expect(index.size).toBe(0)
    }
  })

  test.each([
    Float64Array.of(1, -1),
    Float64Array.of(1, 0.5),
    Int8Array.of(1, -1),
    BigUint64Array.of(1n, 2n),
  ])('a bad id in a typed array is one too: %o', async (ids) => {
    const index = new VectorIndex({ dimension: 1 })
    await expectRejection(() => loose(index).add(ids, Float32Array.of(1, 2)), 'INVALID_ID', 'id of row')
    expect(index.size).toBe(0)
  })

  test.each([null, {}, true, () => 1, Symbol('id'), new Map(), new DataView(new ArrayBuffer(8))])(
    'what holds no ids is an INVALID_ARGUMENT: %s',
    async (ids) => {
      const index = new VectorIndex({ dimension: 1 })
      await expectRejection(() => loose(index).add(ids, Float32Array.of(1)), 'INVALID_ARGUMENT')
    },
  )

  test('as many ids as vectors', async () => {
    const index = new VectorIndex({ dimension: 2 })
    const message = /ids has length \d; expected \d, one per row of vectors/
    await expectRejection(
      () =>
        index.add(
          [1],
          [
            [1, 2],
            [3, 4],
          ],
        ),
      'INVALID_ARGUMENT',
      message,
    )
    await expectRejection(
      () =>
        index.add(
          [1, 2, 3],
          [
            [1, 2],
            [3, 4],
          ],
        ),
      'INVALID_ARGUMENT',
      message,
    )
    await expectRejection(() => index.add([], Float32Array.of(1, 2)), 'INVALID_ARGUMENT', message)
    expect(index.size).toBe(0)
  })
})

describe('automatic ids', () => {
  test('count up from one above the largest number', async () => {
    const index = new VectorIndex({ dimension: 1 })
    expect(await index.add([[1], [2]])).toEqual([0, 1])
    await index.add(41, [3])
    expect(await index.add(Float32Array.of(4, 5))).toEqual([42, 43])
    await index.add(10, [6])
    expect(await index.add([[7]], {})).toEqual([44])
    expect(await index.add(undefined, [[8]])).toEqual([45])
    expect(index.size).toBe(8)
  })

  test('as bigints', async () => {
    const index = new VectorIndex({ dimension: 1, idType: 'bigint' })
    await index.add(2n ** 60n, [1])
    expect(await index.add([[2], [3]])).toEqual([2n ** 60n + 1n, 2n ** 60n + 2n])
  })

  test('as decimal strings, without those that are there', async () => {
    const index = new VectorIndex({ dimension: 1, idType: 'string' })
    await index.add(['fox', '1'], [[1], [2]])
    expect(await index.add([[3], [4], [5]])).toEqual(['0', '2', '3'])
    expect(index.get('1')).toEqual(Float32Array.of(2))
    expect(index.get('2')).toEqual(Float32Array.of(4))
  })

  test('a batch that fails uses none up', async () => {
    const index = new VectorIndex({ dimension: 1 })
    await expectRejection(() => index.add([[1], [Number.NaN]]), 'INVALID_VECTOR')
    expect(await index.add([[1]])).toEqual([0])
  })

  test('run out at the end of the range', async () => {
    const numbers = new VectorIndex({ dimension: 1 })
    await numbers.add(Number.MAX_SAFE_INTEGER, [1])
    await expectRejection(() => numbers.add([[2]]), 'INVALID_ID')
    const bigints = new VectorIndex({ dimension: 1, idType: 'bigint' })
    await bigints.add(2n ** 64n - 1n, [1])
    await expectRejection(() => bigints.add([[2]]), 'INVALID_ID')
    expect([numbers.size, bigints.size]).toEqual([1, 1])
  })
})

describe('forms', () => {
  test('one id with one vector', async () => {
    const index = new VectorIndex({ dimension: 3 })
    expect(await index.add(7, [1, 2, 3])).toEqual([7])
    expect(await index.add(8, Float32Array.of(4, 5, 6))).toEqual([8])
    expect(index.get(7)).toEqual(Float32Array.of(1, 2, 3))
    await expectRejection(
      () => index.add(9, Float32Array.of(1, 2, 3, 4, 5, 6)),
      'DIMENSION_MISMATCH',
      'vector has 6',
    )
    await expectRejection(() => loose(index).add(9, [[1, 2, 3]]), 'DIMENSION_MISMATCH', 'vector has 1 values')
    await expectRejection(() => loose(index).add(9), 'INVALID_ARGUMENT', 'vector is undefined')
    expect(index.size).toBe(2)
  })

  test('nothing to add is nothing added', async () => {
    const index = new VectorIndex({ dimension: 3 })
    expect(await index.add([])).toEqual([])
    expect(await index.add([], [])).toEqual([])
    expect(await index.add(new Float32Array())).toEqual([])
    expect(await index.add(new Uint32Array(), new Float32Array())).toEqual([])
    expect(index.size).toBe(0)
  })

  test('no vectors at all are refused', async () => {
    const index = new VectorIndex({ dimension: 3 })
    await expectRejection(() => loose(index).add(), 'INVALID_ARGUMENT', 'vectors is undefined')
    await expectRejection(() => loose(index).add([1], undefined), 'INVALID_ARGUMENT')
    await expectRejection(() => loose(index).add([1], null), 'INVALID_ARGUMENT')
    await expectRejection(
      () => loose(index).add([1, 2, 3]),
      'INVALID_ARGUMENT',
      'row 0 is 1; expected a vector',
    )
    await expectRejection(() => loose(index).add([1], 'vectors'), 'INVALID_ARGUMENT')
    await expectRejection(() => loose(index).add([1], [undefined]), 'INVALID_ARGUMENT', 'row 0 is undefined')
    await expectRejection(
      () => loose(index).add([1, 2], [[1, 2, 3], null]),
      'INVALID_ARGUMENT',
      'row 1 is null',
    )
    expect(index.size).toBe(0)
  })

  test('unknown options are refused', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const add = loose(index).add.bind(index)
    await expectRejection(() => add([[1]], { onprogress() {} }), 'INVALID_ARGUMENT', "'onProgress'")
    await expectRejection(() => add([1], [[1]], { Signal: 1 }), 'INVALID_ARGUMENT', "'signal'")
    await expectRejection(() => add([1], [[1]], 5), 'INVALID_ARGUMENT', 'options is 5; expected an object')
    await expectRejection(() => add([1], [[1]], { onProgress: 5 }), 'INVALID_ARGUMENT', 'onProgress is 5')
    expect(index.size).toBe(0)
  })
})

describe('batches are atomic', () => {
  const rows = () => Array.from({ length: 300 }, (_, row) => [row + 1, 1])
  const ids = () => Array.from({ length: 300 }, (_, row) => row)

  test('a bad row leaves nothing behind and is named', async () => {
    for (const bad of [0, 150, 299]) {
      const index = new VectorIndex({ dimension: 2 })
      const vectors = rows()
      vectors[bad] = [1, Number.NaN]
      await expectRejection(() => index.add(ids(), vectors), 'INVALID_VECTOR', new RegExp(`^row ${bad}\\b`))
      expect(index.size).toBe(0)
      expect(index.has(0)).toBe(false)
      expect(await index.search([1, 1])).toEqual([])
      await index.add(ids(), rows())
      expect(index.size).toBe(300)
    }
  })

  test('a short row is named', async () => {
    const index = new VectorIndex({ dimension: 2 })
    const vectors = rows()
    vectors[123] = [1]
    const message = "row 123 has 1 values; expected 2, the index's dimension"
    await expectRejection(() => index.add(ids(), vectors), 'DIMENSION_MISMATCH', message)
    expect(index.size).toBe(0)
  })

  test('an id that is there already is named', async () => {
    const index = new VectorIndex({ dimension: 2 })
    await index.add(77, [5, 5])
    const error = await expectRejection(() => index.add(ids(), rows()), 'DUPLICATE_ID', 'row 77')
    expect(error.message).toContain('77')
    expect(index.size).toBe(1)
    expect(index.get(77)).toEqual(Float32Array.of(5, 5))
    expect(index.has(76)).toBe(false)
  })

  test.each([
    ['number', [5, 6, 5]],
    ['bigint', [5n, 6n, 5n]],
    ['string', ['a', 'b', 'a']],
  ] as const)('an id twice in one batch is a DUPLICATE_ID: %s', async (idType, twice) => {
    const index = new VectorIndex({ dimension: 1, idType })
    await expectRejection(() => index.add(twice as never, Float32Array.of(1, 2, 3)), 'DUPLICATE_ID', 'row 2')
    expect(index.size).toBe(0)
  })
})

describe('calls that overlap', () => {
  test('take effect in call order, large before small', async () => {
    const index = new VectorIndex({ dimension: 64 })
    const many = new Float32Array(64 * 40_000).fill(1)
    const first = index.add(many)
    const second = index.add([[...new Array(64).fill(2)]])
    const third = index.add(100_000, new Float32Array(64).fill(3))
    const fourth = index.add([new Float32Array(64).fill(4)])
    expect((await first).length).toBe(40_000)
    expect(await second).toEqual([40_000])
    expect(await third).toEqual([100_000])
    expect(await fourth).toEqual([100_001])
  })

  test('one that fails does not hold up those behind it', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const calls = [
      index.add(1, [1]),
      index.add(1, [2]),
      index.add([[Number.NaN]]),
      index.add([5, 5], [[1], [2]]),
      index.add(2, [3]),
    ]
    const outcomes = await Promise.allSettled(calls)
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ])
    expect([index.get(1), index.get(2), index.size]).toEqual([Float32Array.of(1), Float32Array.of(3), 2])
  })

  test('many small ones all get in', async () => {
    const index = new VectorIndex({ dimension: 2, threads: 4 })
    await Promise.all(Array.from({ length: 500 }, (_, id) => index.add(id, [id, 1])))
    expect(index.size).toBe(500)
    expect(index.get(499)).toEqual(Float32Array.of(499, 1))
  })
})
