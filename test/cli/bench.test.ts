import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runNode } from '../support/child.ts'
import { clusteredVectors } from '../support/clustered.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { npyBytes } from '../support/vector-bytes.ts'

const root = resolve(import.meta.dirname, '../..')
const main = join(root, 'dist/cli/main.js')
const folder = temporaryFolder()
const segvec = (...args: string[]) => runNode([main, ...args])

const dimension = 16
const count = 2000
const data = join(folder, 'vectors.npy')
const vectors = clusteredVectors({ count, dimension })
writeFileSync(data, npyBytes(vectors, { descr: '<f4', shape: `${count}, ${dimension}` }))

describe('segvec', () => {
  test('lists its commands, and says its version', async () => {
    expect(await segvec()).toMatchObject({ code: 0, stdout: expect.stringContaining('bench'), stderr: '' })
    expect((await segvec('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect((await segvec('bench', '--help')).stdout).toContain('--data <file>')
  })

  test.each([
    [['bnech'], /did you mean 'bench'/],
    [['constructor'], /no command 'constructor'/],
    [['bench'], /--data is missing/],
    [['bench', '--dta', 'x.npy'], /Unknown option '--dta'/],
    [['bench', '--data', 'x.npy', '--metric', 'l1'], /expected one of cosine, l2, ip/],
    [['bench', '--data', 'x.npy', '--recall', '2'], /--recall is '2'/],
    [['bench', '--data', 'x.npy', '--threads', '1,0'], /--threads is '0'/],
    [['bench', '--data', 'x.npy', '--threads', '1,257'], /--threads is '257'; expected 256 at most/],
    [['bench', '--data', 'x.npy', '--k', ''], /--k is ''/],
  ])('exits with 2 when the command line is wrong: %j', async (args, message) => {
    expect(await segvec(...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(message),
    })
  })
})

describe('segvec bench', () => {
  test('recommends a setting that reaches the recall, by figures that it prints', async () => {
    const end = await segvec(
      'bench',
      '--data',
      data,
      '--metric',
      'l2',
      '--rounds',
      '1',
      '--threads',
      '1',
      '--json',
    )
    expect(end).toMatchObject({ code: 0, signal: null })
    const { subject, measurement, advice } = JSON.parse(end.stdout)
    expect(subject).toMatchObject({ rows: 1800, dimension, metric: 'l2', k: 10, queryCount: 200 })
    expect(measurement.builds).toHaveLength(2)
    const { quantization, recall, ef, threads } = advice.parameters
    expect({ threads, recall }).toEqual({ threads: 1, recall: 0.95 })
    const chosen = measurement.searches.find(
      (figure: { quantization: string; ef: number }) =>
        figure.quantization === quantization && figure.ef === ef,
    )
    expect(chosen.recall).toBeGreaterThanOrEqual(0.95)
    for (const wide of measurement.searches.filter((figure: { ef: number }) => figure.ef === 800)) {
      expect(wide.recall).toBeGreaterThan(0.99)
    }
    // Beams from 200 or so on scan this index, all of them in about the same time: the widest is no better.
    expect(advice.choices.at(-1)).toMatchObject({ recall: 0.99, setting: { ef: expect.any(Number) } })
    expect(advice.choices.at(-1).setting.ef).toBeLessThan(800)
  })

  test('prints tables, with queries from a file of their own', async () => {
    const exactCount = 1234
    const odd = join(folder, 'odd.npy')
    const some = vectors.subarray(0, exactCount * dimension)
    writeFileSync(odd, npyBytes(some, { descr: '<f4', shape: `${exactCount}, ${dimension}` }))
    const queries = join(folder, 'queries.npy')
    const rows = clusteredVectors({ count: 50, dimension, seed: 9 })
    writeFileSync(queries, npyBytes(rows, { descr: '<f4', shape: `50, ${dimension}` }))
    const end = await segvec('bench', '--data', odd, '--queries', queries, '--rounds', '1', '--recall', '0.9')
    expect(end.code).toBe(0)
    expect(end.stdout).toMatch(/1,234 vectors of 16, cosine; k 10, 50 queries \(the first 50 of /)
    expect(end.stdout).toMatch(
      /new VectorIndex\(\{ dimension: 16, metric: 'cosine', quantization: '(int8|none)'/,
    )
    expect(end.stdout).toContain('await index.search(query, { k: 10, recall: 0.9 })')
  })

  test('exits with 1 and one line when the data is at fault', async () => {
    const missing = await segvec('bench', '--data', join(folder, 'missing.npy'))
    expect(missing).toMatchObject({ code: 1, stdout: '' })
    expect(missing.stderr).toMatch(/\nsegvec bench: NOT_FOUND: .*missing\.npy: there is no such file\n$/)
    const bad = join(folder, 'bad.npy')
    const zeros = new Float32Array(100 * dimension)
    writeFileSync(bad, npyBytes(zeros, { descr: '<f4', shape: `100, ${dimension}` }))
    const invalid = await segvec('bench', '--data', bad)
    expect(invalid).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/INVALID_VECTOR: row 0/),
    })
  })

  test.each([15, 9])('names a row by its place in the file, held out or not: %i', async (row) => {
    const file = join(folder, `zero-at-${row}.npy`)
    const rows = clusteredVectors({ count: 20, dimension }).fill(0, row * dimension, (row + 1) * dimension)
    writeFileSync(file, npyBytes(rows, { descr: '<f4', shape: `20, ${dimension}` }))
    const end = await segvec('bench', '--data', file, '--rounds', '1', '--threads', '1')
    expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining(`INVALID_VECTOR: row ${row} has`) })
  })

  test('needs nothing but what is published', async () => {
    const installed = join(folder, 'node_modules/segvec')
    mkdirSync(installed, { recursive: true })
    cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true })
    cpSync(join(root, 'package.json'), join(installed, 'package.json'))
    const addon = process.env['SEGVEC_ADDON'] ?? join(root, 'build/addon/Release/segvec.node')
    const args = [
      'bench',
      '--data',
      data,
      '--rounds',
      '1',
      '--threads',
      '1',
      '--quantization',
      'int8',
      '--limit',
      '500',
    ]
    const end = await runNode([join(installed, 'dist/cli/main.js'), ...args], { SEGVEC_ADDON: addon })
    expect(end).toMatchObject({ code: 0, stdout: expect.stringContaining('To begin with:') })
  })
})
