import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import * as segvec from 'segvec'
import { errorCodes, VectorIndex } from 'segvec'
import * as vectorFiles from 'segvec/vector-files'
import { describe, expect, test } from 'vitest'
import { temporaryPath } from '../support/temporary-directory.ts'

// Text in code, such as `{ id, distance }[]`, by words.
const reference = readFileSync(resolve(import.meta.dirname, '../../docs/api.md'), 'utf8')
const code = [...reference.matchAll(/`([^`]+)`/g)].map((match) => match[1]).join(' ')
const words = new Set(code.match(/[A-Za-z_]\w*/g))

const missing = (names: Iterable<string>) => [...names].filter((name) => !words.has(name))

/** The names of all properties, also of those within. */
function* names(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const element of value) yield* names(element)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [name, inner] of Object.entries(value)) {
    yield name
    yield* names(inner)
  }
}

/** The options that a call takes, as it says itself when it is given another one. */
async function optionsOf(call: (options: never) => unknown): Promise<string[]> {
  try {
    await call({ zzzzzzzz: 1 } as never)
  } catch (error) {
    return /the options are ([\w, ]+)/.exec((error as Error).message)?.[1]?.split(', ') ?? []
  }
  return []
}

describe('docs/api.md names', () => {
  test('all that is exported, and every error code', () => {
    expect(missing([...Object.keys(segvec), ...Object.keys(vectorFiles), ...errorCodes])).toEqual([])
  })

  test('every member of an index', () => {
    const own = (value: object) =>
      Reflect.ownKeys(value).filter((key): key is string => typeof key === 'string')
    const members = [...own(VectorIndex.prototype), ...own(VectorIndex)]
    const unnamed = ['constructor', 'prototype', 'name', 'length']
    expect(members).toContain('searchBatch')
    expect(missing(members.filter((name) => !unnamed.includes(name)))).toEqual([])
  })

  test('every option', async () => {
    const index = new VectorIndex({ dimension: 2 })
    const calls: ((options: never) => unknown)[] = [
      (options) => new VectorIndex(options),
      (options) => VectorIndex.open(temporaryPath(), options),
      (options) => VectorIndex.fromBuffer(new Uint8Array(1), options),
      (options) => VectorIndex.verify('x', options),
      (options) => VectorIndex.inspect('x', options),
      (options) => index.add([[1, 2]], options),
      (options) => index.upsert([1], [[1, 2]], options),
      (options) => index.remove(1, options),
      (options) => index.compact(options),
      (options) => index.search([1, 2], options),
      (options) => index.searchSync([1, 2], options),
      (options) => index.searchBatch([[1, 2]], options),
      (options) => index.evaluate([[1, 2]], options),
      (options) => index.commit(options),
      (options) => vectorFiles.readVectorFile('x.npy', options),
    ]
    for (const call of calls) {
      const options = await optionsOf(call)
      expect(options.length, String(call)).toBeGreaterThan(0)
      expect(missing(options), String(call)).toEqual([])
    }
  })

  test('everything in results', async () => {
    const path = temporaryPath()
    const results: unknown[] = []
    await using index = await VectorIndex.open(path, {
      dimension: 2,
      metric: 'l2',
      onProgress: (progress) => results.push(progress),
    })
    const rows = Float32Array.from({ length: 2 * 3000 }, (_, at) => Math.sin(at))
    await index.add(rows, { onProgress: (progress) => results.push(progress) })
    await index.remove(1)
    results.push(await index.evaluate(rows.subarray(0, 20), { recall: 0.9 }))
    results.push(await index.search([1, 2]), await index.searchBatch([[1, 2]]), index.options)
    await index.commit()
    results.push(index.stats(), segvec.instructionSets())
    await index.compact({ onProgress: (progress) => results.push(progress) })
    results.push(
      await index.verify({ onProgress: (progress) => results.push(progress) }),
      (await index.entries().next()).value,
    )
    const found = new Set(names(results))
    for (const name of [
      'curves',
      'mergedCount',
      'checkedBytes',
      'loadedCount',
      'lostCount',
      'deadCount',
      'p99',
      'dropped',
    ]) {
      expect(found, name).toContain(name)
    }
    expect(missing([...found].filter((name) => !/^\d+$/.test(name)))).toEqual([])
  })
})
