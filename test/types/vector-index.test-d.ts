import {
  type AddProgress,
  type BatchHits,
  type Id,
  type IdType,
  type IndexEntry,
  type SearchHit,
  SegvecError,
  type SegvecErrorCode,
  VectorIndex,
} from 'segvec'
import { describe, expectTypeOf, test } from 'vitest'

const numbers = new VectorIndex({ dimension: 3 })
const bigints = new VectorIndex({ dimension: 3, idType: 'bigint' })
const strings = new VectorIndex({ dimension: 3, metric: 'ip', idType: 'string', threads: 2 })

describe('idType', () => {
  test('is inferred from the options', () => {
    expectTypeOf(numbers).toEqualTypeOf<VectorIndex<'number'>>()
    expectTypeOf(numbers).toEqualTypeOf<VectorIndex>()
    expectTypeOf(bigints).toEqualTypeOf<VectorIndex<'bigint'>>()
    expectTypeOf(strings).toEqualTypeOf<VectorIndex<'string'>>()
  })

  test('decides the type of ids', () => {
    expectTypeOf<Id<'number'>>().toEqualTypeOf<number>()
    expectTypeOf<Id<'bigint'>>().toEqualTypeOf<bigint>()
    expectTypeOf<Id<'string'>>().toEqualTypeOf<string>()
    expectTypeOf<Id<IdType>>().toEqualTypeOf<number | bigint | string>()
  })

  test('decides what methods return', () => {
    expectTypeOf(numbers.add([[1, 2, 3]])).resolves.toEqualTypeOf<number[]>()
    expectTypeOf(bigints.add(5n, [1, 2, 3])).resolves.toEqualTypeOf<bigint[]>()
    expectTypeOf(strings.add(['a'], [[1, 2, 3]])).resolves.toEqualTypeOf<string[]>()
    expectTypeOf(bigints.upsert(5n, [1, 2, 3])).resolves.toEqualTypeOf<bigint[]>()
    expectTypeOf(strings.remove(['a'])).resolves.toEqualTypeOf<number>()
    expectTypeOf(numbers.search([1, 2, 3])).resolves.toEqualTypeOf<SearchHit<'number'>[]>()
    expectTypeOf(strings.searchSync([1, 2, 3])[0]?.id).toEqualTypeOf<string | undefined>()
    expectTypeOf(bigints.searchBatch([[1, 2, 3]])).resolves.toEqualTypeOf<BatchHits<'bigint'>>()
    expectTypeOf(numbers.entries()).toEqualTypeOf<AsyncIterableIterator<IndexEntry<'number'>>>()
    expectTypeOf<BatchHits<'number'>['ids']>().toEqualTypeOf<Float64Array>()
    expectTypeOf<BatchHits<'bigint'>['ids']>().toEqualTypeOf<BigUint64Array>()
    expectTypeOf<BatchHits<'string'>['ids']>().toEqualTypeOf<string[]>()
    expectTypeOf(numbers.get(1)).toEqualTypeOf<Float32Array | undefined>()
    expectTypeOf(numbers.size).toEqualTypeOf<number>()
    expectTypeOf(numbers.close()).resolves.toEqualTypeOf<void>()
  })
})

describe('arguments', () => {
  test('vectors of every shape', () => {
    expectTypeOf(numbers.add).toBeCallableWith([1], new Float32Array(3))
    expectTypeOf(numbers.add).toBeCallableWith([1], new Float32Array(new SharedArrayBuffer(12)))
    expectTypeOf(numbers.add).toBeCallableWith([1], new Float64Array(3))
    expectTypeOf(numbers.add).toBeCallableWith([1], [new Float32Array(3), [1, 2, 3]])
    expectTypeOf(numbers.add).toBeCallableWith(1, Buffer.alloc(3), { signal: new AbortController().signal })
    expectTypeOf(numbers.add).toBeCallableWith(new Uint32Array(1), new Int8Array(3))
    expectTypeOf(numbers.add).toBeCallableWith([1] as const, [[1, 2, 3]] as const)
    expectTypeOf(bigints.add).toBeCallableWith(new BigUint64Array(1), new Float32Array(3))
    expectTypeOf(numbers.upsert).toBeCallableWith([1], [[1, 2, 3]], { signal: new AbortController().signal })
    expectTypeOf(numbers.remove).toBeCallableWith(1, { signal: new AbortController().signal })
    expectTypeOf(bigints.remove).toBeCallableWith(new BigUint64Array(1))
    expectTypeOf(numbers.searchBatch).toBeCallableWith([[1, 2, 3]], { k: 5, ef: 50, exact: true })
    numbers.add([[1, 2, 3]], {
      onProgress: (progress) => expectTypeOf(progress).toEqualTypeOf<AddProgress>(),
    })
  })

  test('that are wrong do not compile', () => {
    // @ts-expect-error dimension is missing
    new VectorIndex({ metric: 'l2' })
    // @ts-expect-error no such metric
    new VectorIndex({ dimension: 3, metric: 'cos' })
    // @ts-expect-error no such idType
    new VectorIndex({ dimension: 3, idType: 'uint64' })
    // @ts-expect-error no such option
    new VectorIndex({ dimension: 3, maxElements: 10 })
    // @ts-expect-error ids are numbers
    numbers.add('a', [1, 2, 3])
    // @ts-expect-error ids are numbers
    numbers.has(1n)
    // @ts-expect-error ids are strings
    strings.get(1)
    // @ts-expect-error ids are strings
    strings.add(new Uint32Array(1), new Float32Array(3))
    // @ts-expect-error one id, many vectors
    numbers.add(1, [[1, 2, 3]])
    // @ts-expect-error a query is one vector
    numbers.search([[1, 2, 3]])
    // @ts-expect-error no such option
    numbers.search([1, 2, 3], { topK: 3 })
    // @ts-expect-error a synchronous search cannot be aborted
    numbers.searchSync([1, 2, 3], { signal: new AbortController().signal })
    // @ts-expect-error the result cannot be assigned to
    numbers.size = 3
  })
})

test('an index is not declared to have other ids than it has', async () => {
  const idType = 'bigint' as IdType
  expectTypeOf(new VectorIndex({ dimension: 3, idType })).toEqualTypeOf<VectorIndex<IdType>>()
  expectTypeOf(await VectorIndex.open('d', { dimension: 3 })).toEqualTypeOf<VectorIndex<'number'>>()
  expectTypeOf(await VectorIndex.open('d', { idType: 'string' })).toEqualTypeOf<VectorIndex<'string'>>()
  expectTypeOf(await VectorIndex.fromBuffer(Buffer.alloc(0))).toEqualTypeOf<VectorIndex<'number'>>()
  const strings: VectorIndex<'string'> = await VectorIndex.open('d', { dimension: 3, idType: 'string' })
  expectTypeOf(strings.get).toBeCallableWith('a')
  // @ts-expect-error idType is missing
  const one: VectorIndex<'string'> = new VectorIndex({ dimension: 3 })
  // @ts-expect-error idType is missing
  new VectorIndex<'bigint'>({ dimension: 3 })
  // @ts-expect-error idType is missing
  const two: VectorIndex<'string'> = await VectorIndex.open('d', { dimension: 3 })
  // @ts-expect-error idType is missing
  await VectorIndex.fromBuffer<'bigint'>(Buffer.alloc(0), {})
  expectTypeOf(one).toEqualTypeOf(two)
})

test('an index of any idType can be a parameter', () => {
  function sizeOf<T extends IdType>(index: VectorIndex<T>): number {
    return index.size
  }
  expectTypeOf(sizeOf).toBeCallableWith(numbers)
  expectTypeOf(sizeOf).toBeCallableWith(strings)
})

test('an error has a code from a closed list', () => {
  expectTypeOf(new SegvecError('CLOSED', 'closed').code).toEqualTypeOf<SegvecErrorCode>()
  expectTypeOf<'DUPLICATE_ID'>().toExtend<SegvecErrorCode>()
  // @ts-expect-error no such code
  new SegvecError('WRONG', 'wrong')
})
