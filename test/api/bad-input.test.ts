/**
 * Inputs that other vector indexes for Node crash on, store as garbage or lose silently: each must end in a typed
 * error, or in the sane result that is written here. One test per kind of input.
 */

import { runInNewContext } from 'node:vm'
import { type Id, type IndexOptions, VectorIndex } from 'segvec'
import { beforeEach, describe, expect, test } from 'vitest'
import { expectRejection, expectThrow } from '../support/failures.ts'

interface Loose {
  add(...given: unknown[]): Promise<Id<'number'>[]>
  search(...given: unknown[]): Promise<{ id: number; distance: number }[]>
  searchBatch(...given: unknown[]): Promise<{ k: number; ids: Float64Array; counts: Uint32Array }>
}

let index: VectorIndex
let loose: Loose

beforeEach(async () => {
  index = new VectorIndex({ dimension: 8, metric: 'l2' })
  loose = index as unknown as Loose
  await index.add([0, 1, 2], [new Array(8).fill(0), new Array(8).fill(1), new Array(8).fill(2)])
})

const one = () => new Array(8).fill(1)

describe('vectors', () => {
  test('of a wrong dimension, short and long', async () => {
    await expectRejection(() => loose.add([9], [new Array(7).fill(1)]), 'DIMENSION_MISMATCH', 'row 0 has 7')
    await expectRejection(() => loose.add([9], [new Array(9).fill(1)]), 'DIMENSION_MISMATCH', 'row 0 has 9')
    await expectRejection(() => loose.add([9], new Float32Array(7)), 'DIMENSION_MISMATCH', 'has 7 values')
    expect(index.size).toBe(3)
  })

  test('of 6 and 10 values are not two of 8', async () => {
    const rows = [new Float32Array(6).fill(1), new Float32Array(10).fill(1)]
    await expectRejection(() => loose.add([8, 9], rows), 'DIMENSION_MISMATCH', 'row 0 has 6')
  })

  test('left out', async () => {
    await expectRejection(() => loose.add([9]), 'INVALID_ARGUMENT')
    await expectRejection(() => loose.add([9], undefined), 'INVALID_ARGUMENT')
    await expectRejection(() => loose.add([9], null), 'INVALID_ARGUMENT')
    await expectRejection(() => loose.add([9], [null]), 'INVALID_ARGUMENT', 'row 0 is null')
    await expectRejection(() => loose.add(9), 'INVALID_ARGUMENT')
    expect(index.size).toBe(3)
  })

  test('that are not there yet: the ids before them are not taken for vectors', async () => {
    const promised = Promise.resolve([one()])
    const ids = Float64Array.of(3, 4, 5, 6, 7, 8, 9, 10)
    for (const given of [ids, [...ids]]) {
      const message = 'vectors is a promise (is an await missing?)'
      await expectRejection(() => loose.add(given, promised), 'INVALID_ARGUMENT', message)
      await expectRejection(() => loose.add(given, promised, {}), 'INVALID_ARGUMENT', message)
      await expectRejection(() => loose.add(given, new Map()), 'INVALID_ARGUMENT', 'options is an object')
    }
    await expectRejection(() => loose.add([...ids], undefined), 'INVALID_ARGUMENT', 'vectors is undefined')
    expect(index.size).toBe(3)
    // An option that is left out is another matter.
    expect(await loose.add(Float64Array.from(one()), undefined)).toEqual([3])
  })

  test('of another shape than the call takes: the message says which', async () => {
    const flat = 'vectors is an array of numbers; expected one of vectors, or a typed array'
    await expectRejection(() => loose.add([9, 10], one()), 'INVALID_ARGUMENT', flat)
    const several = "vector has 1 values; expected 8, the index's dimension (it is an array of vectors)"
    await expectRejection(() => loose.add(9, [one()]), 'DIMENSION_MISMATCH', several)
    const batch = /^query has 1 values; .* \(searchBatch takes several queries\)$/
    await expectRejection(() => loose.search([one()]), 'DIMENSION_MISMATCH', batch)
    const eight = Array.from({ length: 8 }, one)
    await expectRejection(() => loose.search(eight), 'INVALID_VECTOR', '(searchBatch takes several queries)')
    await expectRejection(() => loose.add([9], [[...eight]]), 'INVALID_VECTOR', '(it is an array of vectors)')
    await expectRejection(
      () => loose.search(new Float32Array(8).fill(1e18)),
      'INVALID_VECTOR',
      'query, position 0 is 999999984306749440;',
    )
    await expectRejection(
      () => loose.search(one(), 5),
      'INVALID_ARGUMENT',
      'expected an object with any of k, ef,',
    )
    expect(index.size).toBe(3)
  })

  test('as Float32Array and as numbers are the same', async () => {
    await index.add(9, one().map(Math.sqrt))
    await index.add(10, Float32Array.from(one(), Math.sqrt))
    expect(index.get(9)).toEqual(index.get(10))
  })

  test('with an element that is a string or undefined', async () => {
    for (const bad of ['1', 'abc', undefined, null, {}, 1n]) {
      const row = one()
      row[5] = bad
      await expectRejection(() => loose.add([9], [row]), 'INVALID_VECTOR', 'row 0, position 5 is')
      await expectRejection(() => loose.search(row), 'INVALID_VECTOR', 'query, position 5 is')
    }
    expect(index.size).toBe(3)
  })

  test('with NaN, added', async () => {
    const row = one()
    row[3] = Number.NaN
    await expectRejection(() => index.add(9, row), 'INVALID_VECTOR', 'position 3')
    await expectRejection(() => index.add(9, Float32Array.from(row)), 'INVALID_VECTOR', 'position 3')
    expect([index.size, index.has(9)]).toEqual([3, false])
  })

  test('with NaN, as a query', async () => {
    const row = one()
    row[3] = Number.NaN
    for (const query of [row, Float32Array.from(row), Float64Array.from(row)]) {
      await expectRejection(() => index.search(query), 'INVALID_VECTOR', 'position 3')
      await expectRejection(() => index.searchBatch([query]), 'INVALID_VECTOR', 'position 3')
      expectThrow(() => index.searchSync(query), 'INVALID_VECTOR', 'position 3')
    }
  })

  test('that are zero, under cosine', async () => {
    const cosine = new VectorIndex({ dimension: 2 })
    await expectRejection(() => cosine.add(1, [0, 0]), 'INVALID_VECTOR', 'zero')
    await cosine.add(1, [1, 1])
    await expectRejection(() => cosine.search([0, 0]), 'INVALID_VECTOR', 'zero')
  })

  test('in a sub-array: its offset is respected everywhere', async () => {
    const buffer = Float32Array.of(50, 50, ...one(), 50)
    const part = buffer.subarray(2, 10)
    expect((await index.search(part, { k: 1, exact: true }))[0]).toEqual({ id: 1, distance: 0 })
    expect((await index.search(part, { k: 1 }))[0]).toEqual({ id: 1, distance: 0 })
    expect((await index.searchBatch(part, { k: 1 })).ids[0]).toBe(1)
    expect(index.searchSync(part, { k: 1 })[0]?.id).toBe(1)
    await index.add(9, part)
    expect(index.get(9)).toEqual(Float32Array.from(one()))
  })
})

describe('queries', () => {
  test('of a wrong dimension, and twice the dimension', async () => {
    for (const length of [0, 7, 9, 16]) {
      const query = new Float32Array(length)
      await expectRejection(
        () => index.search(query),
        'DIMENSION_MISMATCH',
        `query has ${length} values; expected 8`,
      )
      expectThrow(() => index.searchSync(query), 'DIMENSION_MISMATCH')
    }
  })

  test('of an empty index find nothing', async () => {
    const empty = new VectorIndex({ dimension: 2 })
    expect(await empty.search([1, 2])).toEqual([])
    expect(empty.searchSync([1, 2])).toEqual([])
    expect(await empty.searchBatch([[1, 2]])).toMatchObject({ k: 0, counts: Uint32Array.of(0) })
  })
})

describe('k', () => {
  test('larger than the index finds all of it, without padding that looks like an id', async () => {
    expect((await index.search(one(), { k: 7 })).map(({ id }) => id)).toEqual([1, 0, 2])
    const batch = await index.searchBatch([one(), one()], { k: 7 })
    expect([batch.k, ...batch.ids, ...batch.counts]).toEqual([3, 1, 0, 2, 1, 0, 2, 3, 3])
  })

  test.each([0, -1, 2.7, Number.NaN])('%d is refused', async (k) => {
    const message = `k is ${k}; expected a safe integer >= 1`
    await expectRejection(() => index.search(one(), { k }), 'INVALID_ARGUMENT', message)
    await expectRejection(() => index.searchBatch([one()], { k }), 'INVALID_ARGUMENT', message)
    expectThrow(() => index.searchSync(one(), { k }), 'INVALID_ARGUMENT', message)
  })

  test.each([1e9, 1e15])('%d costs no more than the index has', async (k) => {
    for (const exact of [false, true]) {
      expect(await index.search(one(), { k, exact })).toHaveLength(3)
      expect(index.searchSync(one(), { k, exact })).toHaveLength(3)
      expect((await index.searchBatch([one()], { k, exact })).k).toBe(3)
    }
  })
})

describe('ids', () => {
  test('that are there already, alone or in a batch', async () => {
    await expectRejection(() => index.add(1, one()), 'DUPLICATE_ID')
    await expectRejection(() => index.add([9, 1], [one(), one()]), 'DUPLICATE_ID', 'row 1')
    await expectRejection(() => index.add([9, 9], [one(), one()]), 'DUPLICATE_ID', 'row 1')
    expect([index.size, index.has(9)]).toEqual([3, false])
  })

  test.each([-1, 1.5, Number.NaN, 2 ** 53])('%d is refused', async (id) => {
    await expectRejection(() => index.add(id, one()), 'INVALID_ID', 'expected a safe integer >= 0')
    expect(index.size).toBe(3)
  })

  test('2 ** 32 + 5 stays what it is', async () => {
    await index.add(2 ** 32 + 5, new Array(8).fill(50))
    expect([index.has(2 ** 32 + 5), index.has(5)]).toEqual([true, false])
    expect((await index.search(new Array(8).fill(50), { k: 1 }))[0]).toEqual({ id: 2 ** 32 + 5, distance: 0 })
  })

  test('-1n is refused, and the largest bigint can be found', async () => {
    const bigints = new VectorIndex({ dimension: 1, metric: 'l2', idType: 'bigint' })
    await expectRejection(() => bigints.add(-1n, [1]), 'INVALID_ID', 'id of row 0 is -1n')
    await bigints.add(2n ** 64n - 1n, [1])
    expect(await bigints.search([1])).toEqual([{ id: 2n ** 64n - 1n, distance: 0 }])
  })

  test('a number that is a string, and the reverse', async () => {
    await expectRejection(() => loose.add('5', one()), 'INVALID_ID', '"5"')
    await expectRejection(() => loose.add(5n, one()), 'INVALID_ID', '5n')
  })
})

describe('an index', () => {
  test.each([0, -1, undefined])('of dimension %s is refused', (dimension) => {
    expectThrow(() => new VectorIndex({ dimension } as IndexOptions), 'INVALID_ARGUMENT', 'dimension is ')
  })

  test('that is closed, and closed again', async () => {
    await index.close()
    await expectRejection(() => index.search(one()), 'CLOSED')
    await expectRejection(() => index.add(9, one()), 'CLOSED')
    await index.close()
  })
})

describe('options', () => {
  test('that are something else are not taken for none', async () => {
    const signal = AbortSignal.abort()
    for (const bad of [
      signal,
      new AbortController(),
      new Map([['k', 1]]),
      Promise.resolve({}),
      new Date(0),
    ]) {
      const message = /^options is .+ without properties of its own; expected an object with any of /
      await expectRejection(() => loose.search(one(), bad), 'INVALID_ARGUMENT', message)
      await expectRejection(() => loose.searchBatch([one()], bad), 'INVALID_ARGUMENT', message)
      await expectRejection(() => index.remove(0, bad as never), 'INVALID_ARGUMENT', message)
      await expectRejection(() => index.compact(bad as never), 'INVALID_ARGUMENT', message)
    }
    await expectRejection(() => loose.add([one()], signal), 'INVALID_ARGUMENT', /signal, onProgress/)
    expect(index.size).toBe(3)
  })

  test('of a class, from another realm, or without a prototype are fine', async () => {
    class Options {
      k = 1
    }
    const bare = Object.assign(Object.create(null), { k: 1 })
    for (const options of [new Options(), bare, runInNewContext('({ k: 1 })')]) {
      expect(await loose.search(one(), options)).toHaveLength(1)
    }
    for (const options of [{}, Object.create(null), runInNewContext('({})')]) {
      expect(await loose.search(one(), options)).toHaveLength(3)
    }
  })
})
