import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { detach, resizableBuffer, shared } from '../support/buffers.ts'
import { countingIds } from '../support/clustered.ts'
import { expectRejection } from '../support/failures.ts'

const values = [3, 1, 4, 1, 5, 9]
const loose = (index: VectorIndex) => index as unknown as { add(...given: unknown[]): Promise<unknown[]> }

async function storedRows(vectors: unknown): Promise<number[][]> {
  const index = new VectorIndex({ dimension: 3, metric: 'l2' })
  await loose(index).add([10, 11], vectors)
  const rows = [10, 11].map((id) => [...(index.get(id) as Float32Array)])
  await index.close()
  return rows
}

describe('accepted shapes', () => {
  class Subclass extends Float32Array {}
  test.each([
    ['Float32Array', Float32Array.from(values)],
    ['Float64Array', Float64Array.from(values)],
    ['Int8Array', Int8Array.from(values)],
    ['Uint8Array', Uint8Array.from(values)],
    ['Uint8ClampedArray', Uint8ClampedArray.from(values)],
    ['Int16Array', Int16Array.from(values)],
    ['Uint16Array', Uint16Array.from(values)],
    ['Int32Array', Int32Array.from(values)],
    ['Uint32Array', Uint32Array.from(values)],
    ['a Buffer, by its elements', Buffer.from(values)],
    ['a part of a Float32Array', Float32Array.of(7, 7, ...values, 7).subarray(2, 8)],
    ['a part of a Float64Array', Float64Array.of(7, ...values, 7).subarray(1, 7)],
    ['a part of a Uint8Array', Uint8Array.of(7, ...values, 7).subarray(1, 7)],
    ['a Float32Array in shared memory', shared(values)],
    ['a part of a Float32Array in shared memory', shared([8, ...values, 8]).subarray(1, 7)],
    ['a subclass of Float32Array', new Subclass(values)],
    ['a resizable buffer', new Float32Array(resizableBuffer(24, 48)).fill(0).map((_, at) => values[at] ?? 0)],
    ['arrays of numbers', [values.slice(0, 3), values.slice(3)]],
    ['Float32Arrays', [Float32Array.of(3, 1, 4), Float32Array.of(0, 1, 5, 9).subarray(1)]],
    ['Float64Arrays', [Float64Array.of(3, 1, 4), Float64Array.of(1, 5, 9)]],
    ['a mixture', [[3, 1, 4], Uint8Array.of(1, 5, 9)]],
    ['rows in shared memory', [shared([3, 1, 4]), shared([1, 5, 9])]],
  ])('%s', async (_, vectors) => {
    expect(await storedRows(vectors)).toEqual([values.slice(0, 3), values.slice(3)])
  })

  test('a subclass cannot lie about its length or slices', async () => {
    class Liar extends Float32Array {
      override get length() {
        return 3_000_000
      }
      override subarray(): never {
        throw new Error('called')
      }
    }
    expect(await storedRows(new Liar(values))).toEqual([values.slice(0, 3), values.slice(3)])
  })

  test('doubles are rounded to the nearest float', async () => {
    const index = new VectorIndex({ dimension: 2 })
    await index.add(1, [0.1, 1 / 3])
    await index.add(2, Float64Array.of(0.1, 1 / 3))
    const expected = Float32Array.of(Math.fround(0.1), Math.fround(1 / 3))
    expect([index.get(1), index.get(2)]).toEqual([expected, expected])
  })

  test('more than one slice of 4 MiB, from every kind of memory', async () => {
    const count = 40_000
    const dimension = 80
    const flat = Float32Array.from({ length: count * dimension }, (_, at) => (at * 7919) % 1013)
    const rows = countingIds(count).map((row) => flat.subarray(row * dimension, (row + 1) * dimension))
    for (const vectors of [flat, Float64Array.from(flat), shared(flat), rows]) {
      const index = new VectorIndex({ dimension, metric: 'l2', efConstruction: 1, M: 2 })
      await index.add(countingIds(count), vectors)
      expect(index.size).toBe(count)
      for (const row of [0, 13_106, 13_107, 13_108, 16_383, 16_384, 26_214, count - 1]) {
        expect(index.get(row)).toEqual(rows[row])
      }
      await index.close()
    }
  })
})

describe('a batch of 4 MiB', () => {
  const dimension = 1024
  const count = 1024

  test.each([
    ['number', countingIds(count)],
    ['string', countingIds(count).map((id) => `${id}${'-'.repeat(1500)}`)],
  ] as const)('is copied before the call returns, whatever its ids take: %s', async (idType, ids) => {
    const index = new VectorIndex<'number' | 'string'>({
      dimension,
      metric: 'l2',
      idType,
      efConstruction: 1,
      M: 2,
    })
    const vectors = new Float32Array(count * dimension).fill(1)
    const given = [...ids]
    const adding = index.add(given, vectors)
    vectors.fill(2)
    given.fill(given[0] as never)
    const added = await adding
    expect(added).toEqual(ids)
    for (const row of [0, 500, count - 1]) {
      expect(index.get(ids[row] as never)).toEqual(new Float32Array(dimension).fill(1))
    }
    await index.close()
  })
})

describe('refused values', () => {
  const far = 2 ** 1023
  test.each([
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
  ])('%s, in every shape, names row and position', async (text, bad) => {
    const flat = [1, 2, 3, 4, 5, bad, 7, 8, 9]
    const shapes = [
      Float32Array.from(flat),
      Float64Array.from(flat),
      shared(flat),
      [flat.slice(0, 3), flat.slice(3, 6), flat.slice(6)],
      [flat.slice(0, 3), Float32Array.from(flat.slice(3, 6)), flat.slice(6)],
      [flat.slice(0, 3), Float64Array.from(flat.slice(3, 6)), flat.slice(6)],
    ]
    for (const vectors of shapes) {
      const index = new VectorIndex({ dimension: 3 })
      const error = await expectRejection(() => index.add([0, 1, 2], vectors), 'INVALID_VECTOR')
      expect(error.message).toMatch(/\brow 1\b/)
      expect(error.message).toMatch(/\bposition 2\b/)
      expect(error.message).toContain(text)
      expect(index.size).toBe(0)
    }
  })

  test.each([far, -far, 3.5e38])('a number no float can hold: %d', async (bad) => {
    for (const vectors of [[[1, bad]], Float64Array.of(1, bad)]) {
      const index = new VectorIndex({ dimension: 2 })
      const message = `row 0, position 1 is ${bad}; expected a finite number of magnitude`
      await expectRejection(() => index.add([0], vectors), 'INVALID_VECTOR', message)
    }
  })

  test.each(['l2', 'cosine', 'ip'] as const)(
    'a float so large that distances would overflow, under %s',
    async (metric) => {
      const index = new VectorIndex({ dimension: 2, metric })
      await index.add(0, [1, 1])
      const outcome = await index.add(1, [3e38, -3e38]).then(
        () => 'added',
        (error: unknown) => error,
      )
      if (outcome === 'added') {
        for (const { distance } of await index.search([1, 2])) expect(Number.isFinite(distance)).toBe(true)
      } else {
        expect(outcome).toMatchObject({ code: 'INVALID_VECTOR' })
        expect(index.size).toBe(1)
      }
    },
  )

  test.each([undefined, null, '1', 1n, true, {}, [1], Symbol('1')])(
    'an element that is no number: %s',
    async (bad) => {
      const index = new VectorIndex({ dimension: 3 })
      const vectors = [
        [1, 2, 3],
        [4, bad, 6],
      ]
      const message = /^row 1, position 1 is .*; expected a number$/
      await expectRejection(() => loose(index).add([0, 1], vectors), 'INVALID_VECTOR', message)
      expect(index.size).toBe(0)
    },
  )

  test('a hole in an array of numbers, or in the array of rows', async () => {
    const index = new VectorIndex({ dimension: 3 })
    const hole = [1, 2, 3]
    delete hole[1]
    await expectRejection(() => index.add([0], [hole]), 'INVALID_VECTOR', 'row 0, position 1 is undefined')
    await expectRejection(() => index.add(new Array(5)), 'INVALID_ARGUMENT', 'row 0 is undefined')
    await expectRejection(
      () => index.add(new Array(2 ** 32 - 1)),
      'INVALID_ARGUMENT',
      'vectors are 4294967295',
    )
  })

  test('zero under cosine, which has no direction', async () => {
    const cosine = new VectorIndex({ dimension: 2 })
    await expectRejection(
      () =>
        cosine.add(
          [3, 4],
          [
            [1, 0],
            [0, -0],
          ],
        ),
      'INVALID_VECTOR',
      'row 1',
    )
    expect(cosine.size).toBe(0)
    for (const metric of ['l2', 'ip'] as const) {
      const index = new VectorIndex({ dimension: 2, metric })
      await index.add(3, [0, 0])
      expect(index.get(3)).toEqual(Float32Array.of(0, 0))
    }
  })

  test('lengths that are no multiple of the dimension, or rows of other lengths', async () => {
    const index = new VectorIndex({ dimension: 8 })
    const add = (vectors: unknown) => () => loose(index).add([1, 2], vectors)
    const message = "vectors has 12 values; expected a multiple of 8, the index's dimension"
    await expectRejection(add(new Float32Array(12)), 'DIMENSION_MISMATCH', message)
    const sixAndTen = [new Float32Array(6).fill(1), new Float32Array(10).fill(1)]
    await expectRejection(add(sixAndTen), 'DIMENSION_MISMATCH', 'row 0 has 6 values; expected 8')
    const long = [new Float32Array(8).fill(1), new Array(9).fill(1)]
    await expectRejection(add(long), 'DIMENSION_MISMATCH', 'row 1 has 9 values; expected 8')
    expect(index.size).toBe(0)
  })

  test.each([
    new BigInt64Array(3),
    new DataView(new ArrayBuffer(12)),
    new ArrayBuffer(12),
    { length: 3, 0: 1, 1: 2, 2: 3 },
    new Set([[1, 2, 3]]),
    'abc',
    3,
    true,
  ])('vectors in what cannot hold them: %o', async (vectors) => {
    const index = new VectorIndex({ dimension: 3 })
    await expectRejection(() => loose(index).add([1], vectors), 'INVALID_ARGUMENT')
    await expectRejection(() => loose(index).add(vectors), 'INVALID_ARGUMENT')
    await expectRejection(() => loose(index).add([1], [vectors]), 'INVALID_ARGUMENT', 'row 0 is ')
  })
})

describe('memory that goes away', () => {
  const message = /detached|shrunk|resized/

  test('detached before the call', async () => {
    const index = new VectorIndex({ dimension: 3 })
    const gone = detach(new Float32Array(6))
    await expectRejection(() => index.add(gone), 'INVALID_ARGUMENT', message)
    await expectRejection(() => index.add([1, 2], gone), 'INVALID_ARGUMENT', message)
    await expectRejection(() => index.add([1], [gone]), 'INVALID_ARGUMENT', message)
    await expectRejection(() => index.add(1, gone), 'INVALID_ARGUMENT', message)
    await expectRejection(
      () => index.add(detach(new Uint32Array(1)), [[1, 2, 3]]),
      'INVALID_ARGUMENT',
      message,
    )
  })

  test('detached during the call', async () => {
    const index = new VectorIndex({ dimension: 64 })
    const vectors = new Float32Array(64 * 60_000).fill(1)
    const adding = index.add(vectors)
    detach(vectors)
    await expectRejection(() => adding, 'INVALID_ARGUMENT', message)
    expect(index.size).toBe(0)
  })

  test('shrunk, grown or moved out of reach during the call', async () => {
    const bytes = 4 * 64 * 60_000
    for (const [newBytes, length] of [
      [bytes / 2, undefined],
      [bytes + 256, undefined],
      [64, 64 * 60_000],
    ] as const) {
      const index = new VectorIndex({ dimension: 64 })
      const buffer = resizableBuffer(bytes, 2 * bytes)
      const vectors = new Float32Array(buffer, 0, length).fill(1)
      const adding = index.add(vectors)
      buffer.resize(newBytes)
      await expectRejection(() => adding, 'INVALID_ARGUMENT', message)
      expect(index.size).toBe(0)
    }
  })

  test('an array that gets another length during the call', async () => {
    const index = new VectorIndex({ dimension: 64 })
    const vectors = new Array<Float32Array>(40_000).fill(new Float32Array(64).fill(1))
    const adding = index.add(vectors)
    vectors.pop()
    await expectRejection(() => adding, 'INVALID_ARGUMENT', /vectors changed .* 39999 .* 40000/)
    expect(index.size).toBe(0)
  })

  test('ids that get another number during the call', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const ids = countingIds(600_000)
    const adding = index.add(ids, new Float32Array(600_000).fill(1))
    ids.push(600_000)
    await expectRejection(() => adding, 'INVALID_ARGUMENT', /ids .* 600001 .* 600000/)
    expect(index.size).toBe(0)
  })
})

describe("the caller's own code", () => {
  const mine = new Error('mine')
  const throwing = new Proxy([1, 2, 3], {
    get(target, name) {
      if (name === '1') throw mine
      return Reflect.get(target, name)
    },
  })

  test('what it throws is passed on, and the index is as it was', async () => {
    const index = new VectorIndex({ dimension: 3 })
    await expect(index.add([[1, 2, 3], throwing])).rejects.toBe(mine)
    await expect(
      index.add(throwing, [
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
      ]),
    ).rejects.toBe(mine)
    expect(index.size).toBe(0)
    expect(await index.add([[1, 2, 3]])).toEqual([0])
  })

  test('may add to the same index', async () => {
    const index = new VectorIndex({ dimension: 3 })
    let inner: Promise<number[]> | undefined
    const row = {
      get value() {
        inner ??= index.add(50, [9, 9, 9])
        return [4, 5, 6]
      },
    }
    const rows = new Proxy([[1, 2, 3], []] as number[][], {
      get: (target, name) => (name === '1' ? row.value : Reflect.get(target, name)),
    })
    expect(await index.add([7, 8], rows)).toEqual([7, 8])
    expect(await inner).toEqual([50])
    expect([index.get(8), index.get(50)]).toEqual([Float32Array.of(4, 5, 6), Float32Array.of(9, 9, 9)])
  })

  test('may close the index while its options are read', async () => {
    const index = new VectorIndex({ dimension: 3 })
    let closed: Promise<void> | undefined
    const options = {
      get signal() {
        closed = index.close()
        return undefined
      },
    }
    await expectRejection(() => index.add([1], [[1, 2, 3]], options), 'CLOSED')
    await closed
  })

  test('cannot have its way with the length of a proxy', async () => {
    const index = new VectorIndex({ dimension: 3 })
    for (const length of [-1, 2.5, Number.NaN, 'many', 2 ** 53, {}, undefined]) {
      const rows = new Proxy([[1, 2, 3]], {
        get: (target, name) => (name === 'length' ? length : Reflect.get(target, name)),
      })
      await expectRejection(() => index.add(rows), 'INVALID_ARGUMENT', 'length')
      await expectRejection(() => index.add([rows as never]), 'INVALID_ARGUMENT', 'length')
    }
    const { proxy, revoke } = Proxy.revocable([[1, 2, 3]], {})
    revoke()
    await expectRejection(() => index.add(proxy), 'INVALID_ARGUMENT')
  })
})
