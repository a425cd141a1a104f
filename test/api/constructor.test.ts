import { availableParallelism } from 'node:os'
import { type IndexOptions, VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { expectThrow } from '../support/failures.ts'

function make(options: unknown): VectorIndex {
  return new VectorIndex(options as IndexOptions)
}

describe('options', () => {
  test('only dimension is needed', async () => {
    const index = make({ dimension: 2 })
    await index.add([0], [[1, 0]])
    expect(await index.search([1, 0])).toEqual([{ id: 0, distance: 0 }])
    await index.close()
  })

  test('undefined means left out', () => {
    expect(make({ dimension: 2, metric: undefined, threads: undefined, seed: undefined }).size).toBe(0)
  })

  test.each([
    { dimension: 1 },
    { dimension: 4096 },
    { dimension: 2, M: 2 },
    { dimension: 2, M: 128 },
    { dimension: 2, efConstruction: 1 },
    { dimension: 2, efConstruction: 4096 },
    { dimension: 2, threads: 1 },
    { dimension: 2, threads: 256 },
    { dimension: 2, segmentCapacity: 1 },
    { dimension: 2, segmentCapacity: 2 ** 31 - 1 },
    { dimension: 2, seed: 0 },
    { dimension: 2, seed: 2 ** 32 - 1 },
  ])('takes the ends of each range and works: %o', async (options) => {
    const index = make({ ...options, metric: 'l2' })
    const vectors = [1, 2, 3].map((value) => new Float32Array(options.dimension).fill(value))
    await index.add([1, 2, 3], vectors)
    expect((await index.search(vectors[1] as Float32Array, { k: 1 }))[0]?.id).toBe(2)
    await index.close()
  })

  test.each([
    ['dimension', [0, -1, 4097, 2.5, Number.NaN, Number.POSITIVE_INFINITY, '3', null, 3n, [3], {}]],
    ['M', [1, 129, 16.5, '16', null, Number.NaN]],
    ['efConstruction', [0, -1, 4097, 2 ** 53, 'many']],
    ['threads', [0, 257, 1.5, -1, Number.POSITIVE_INFINITY]],
    ['segmentCapacity', [0, -5, 2 ** 31, 1e300]],
    ['seed', [-1, 2 ** 32, 0.5, 1n, Number.NaN]],
    ['metric', ['cos', 'L2', '', null, 1, {}, Symbol('l2')]],
    ['idType', ['uint64', 'Number', null, 0, []]],
  ] as const)('%s out of range or of a wrong type is an INVALID_ARGUMENT that names it', (name, values) => {
    for (const value of values) {
      expectThrow(() => make({ dimension: 3, [name]: value }), 'INVALID_ARGUMENT', `${name} is `)
    }
  })

  test('a missing dimension says so', () => {
    expectThrow(
      () => make({}),
      'INVALID_ARGUMENT',
      'dimension is undefined; expected an integer from 1 to 4096',
    )
    expectThrow(() => make(undefined), 'INVALID_ARGUMENT', 'dimension is undefined')
  })

  test.each([null, 3, 'dimension', true, 5n, [], [3], new Float32Array(3), () => {}, Symbol('options')])(
    'options that are no object are refused: %s',
    (options) => {
      expectThrow(() => make(options), 'INVALID_ARGUMENT', /options is .*; expected an object/)
    },
  )

  test.each([
    ['dimensions', 'dimension'],
    ['dim', 'dimension'],
    ['m', 'M'],
    ['efconstruction', 'efConstruction'],
    ['ef_construction', 'efConstruction'],
    ['numThreads', 'threads'],
    ['capacity', 'segmentCapacity'],
    ['idtype', 'idType'],
  ])('an unknown option %s is refused, and %s is named', (name, nearest) => {
    const error = expectThrow(() => make({ dimension: 3, [name]: 1 }), 'INVALID_ARGUMENT', `"${name}"`)
    expect(error.message).toContain(`did you mean '${nearest}'?`)
  })

  test.each(['zzzzzzzz', 'maxElements', 'memory', 'mode'])(
    'an unknown option like none of ours, %s, gets the list of them',
    (name) => {
      const error = expectThrow(() => make({ dimension: 3, [name]: 1 }), 'INVALID_ARGUMENT')
      expect(error.message).not.toContain('did you mean')
      expect(error.message).toContain('the options are dimension, metric, idType, M, efConstruction')
    },
  )
})

test('an index says what it was made with', async () => {
  const index = new VectorIndex({ dimension: 3, idType: 'string', compaction: 'manual', threads: 2 })
  const options = {
    dimension: 3,
    metric: 'cosine',
    idType: 'string',
    M: 16,
    efConstruction: 200,
    quantization: 'int8',
    keepVectors: true,
    growingSegments: 1,
    threads: 2,
    segmentCapacity: 1_048_576,
    compaction: 'manual',
    seed: 1,
  }
  expect(index.options).toEqual(options)
  expect(() => Object.assign(index.options, { dimension: 4 })).toThrow(TypeError)
  const again = await VectorIndex.fromBuffer(await index.toBuffer(), { idType: 'string' })
  const { threads, compaction, ...stored } = again.options
  expect(stored).toEqual({ ...options, threads: undefined, compaction: undefined })
  expect([threads, compaction]).toEqual([availableParallelism(), 'background'])
  await again.close()
  expect(again.options.dimension).toBe(3)
  expect(new VectorIndex(index.options).options).toEqual(options)
})

describe('reading the options', () => {
  test('each is read exactly once', async () => {
    const reads: string[] = []
    const options = new Proxy(
      { dimension: 3, metric: 'l2', seed: 5 },
      {
        get(target, name) {
          reads.push(String(name))
          return Reflect.get(target, name)
        },
      },
    )
    make(options)
    expect(reads.sort()).toEqual(['dimension', 'metric', 'seed'])
  })

  test('only own properties count', () => {
    const inherited = Object.assign(Object.create({ dimension: 3 }), { metric: 'l2' })
    expectThrow(() => make(inherited), 'INVALID_ARGUMENT', 'dimension is undefined')
    try {
      Object.assign(Object.prototype, { metric: 'nonsense', threads: -1, polluted: true })
      expect(make({ dimension: 3 }).size).toBe(0)
    } finally {
      for (const name of ['metric', 'threads', 'polluted']) Reflect.deleteProperty(Object.prototype, name)
    }
  })

  test('changing the object afterwards changes nothing', async () => {
    const options = { dimension: 2, metric: 'l2' as const }
    const index = make(options)
    options.dimension = 7
    await index.add([1], [[3, 4]])
    expect(await index.search([0, 0])).toEqual([{ id: 1, distance: 25 }])
  })

  test('what a getter throws is passed on as it is', () => {
    const mine = new Error('mine')
    const options = {
      get dimension(): number {
        throw mine
      },
    }
    expect(() => make(options)).toThrow(mine)
  })
})
