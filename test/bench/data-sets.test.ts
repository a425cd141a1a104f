import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadDataSet } from '../../bench/ann/data-sets.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { npyBytes, vecsBytes } from '../support/vector-bytes.ts'

const options = { seed: 1, metric: 'ip' as const, queries: undefined }
const folder = temporaryFolder()

describe('the data sets of the benchmarks', () => {
  test('clustered ones are of the shape in their name, and the same for the same seed', async () => {
    const set = await loadDataSet('clustered:700x12', options)
    expect(set).toMatchObject({ name: 'clustered-700x12', metric: 'l2', dimension: 12 })
    expect([set.base.length, set.queries.length]).toEqual([700 * 12, 500 * 12])
    expect(await loadDataSet('clustered:700x12', options)).toEqual(set)
    expect((await loadDataSet('clustered:700x12', { ...options, seed: 2 })).base).not.toEqual(set.base)
  })

  test('a file gives some of its rows away as queries, every other one stays', async () => {
    const rows = Float32Array.from({ length: 400 }, (_, row) => row)
    const path = join(folder, 'mine.npy')
    writeFileSync(path, npyBytes(rows, { descr: '<f4', shape: '200, 2' }))
    const set = await loadDataSet(path, options)
    expect(set).toMatchObject({ name: 'mine', metric: 'ip', dimension: 2 })
    expect(set.queries).toHaveLength(2 * 4)
    expect([...set.base, ...set.queries].sort((a, b) => a - b)).toEqual([...rows])
  })

  test('a file of queries leaves the vectors whole', async () => {
    const path = join(folder, 'whole.fvecs')
    const queries = join(folder, 'queries.bvecs')
    writeFileSync(path, vecsBytes(Array.from({ length: 60 }, (_, row) => Float32Array.of(row, 1))))
    writeFileSync(queries, vecsBytes([Uint8Array.of(7, 8)]))
    const set = await loadDataSet(path, { ...options, queries })
    expect(set.base).toHaveLength(120)
    expect(set.queries).toEqual(Float32Array.of(7, 8))
  })

  test('an unknown name is told with those there are', async () => {
    await expect(loadDataSet('nonesuch', options)).rejects.toThrow(
      /'nonesuch' is not present.*clustered:<rows>/,
    )
  })
})
