import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ratioPairs } from '../../bench/ann/agreement.ts'
import { agreementTable } from '../../bench/ann/agreement-table.ts'
import type { BenchResults } from '../../bench/ann/results.ts'
import { benchResults, peerResult } from '../support/bench-results.ts'
import { runNode } from '../support/child.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const run = (ours: number, base: number) =>
  benchResults([peerResult('segvec', ours), peerResult('base', base)])
const first = run(1000, 200)

describe('the agreement of two runs', () => {
  test('is that of the ratios, however fast the machine was', () => {
    const pairs = ratioPairs(first, run(500, 100), 'base')
    expect(pairs.map(({ figure }) => figure)).toContain('search at recall 0.95')
    for (const pair of pairs) {
      expect(pair.first).toBeCloseTo(5)
      expect(pair.disagreement).toBeCloseTo(0)
    }
  })

  test('is the same whichever run is named first', () => {
    const second = run(1200, 200)
    expect(ratioPairs(first, second, 'base')[0]?.disagreement).toBeCloseTo(0.2)
    expect(ratioPairs(second, first, 'base')[0]?.disagreement).toBeCloseTo(0.2)
  })

  test('is none where one run reaches a recall that the other does not', () => {
    const stalls = peerResult('segvec', 1000)
    const sweeps = stalls.sweeps.map(({ variant, rounds }) => ({
      variant,
      rounds: rounds.map((points) => points.slice(0, 4)),
    }))
    const [worst] = ratioPairs(first, benchResults([{ ...stalls, sweeps }, peerResult('base', 200)]), 'base')
    expect(worst).toMatchObject({
      figure: 'search at recall 0.999',
      second: undefined,
      disagreement: Number.POSITIVE_INFINITY,
    })
  })

  test('cannot be told without the package by which all is divided', () => {
    expect(() => ratioPairs(first, run(1, 1), 'nobody')).toThrow('not both runs have figures of nobody')
  })
})

test('the table of agreement counts the ratios of the sets that are in both runs', () => {
  const against = (ours: number) =>
    benchResults([peerResult('segvec', ours), peerResult('hnswlib-node', 200)])
  const table = agreementTable([against(1000)], [against(1080)])
  const count = ratioPairs(against(1000), against(1080), 'hnswlib-node').length
  expect(table).toContain(`| ${count} | 0 | ${count} | 8 % | segvec, `)
  expect(agreementTable([against(1000)], [])).toBeUndefined()
})

test('npm run bench -- --agree exits with 1 exactly when a ratio is beyond the tolerance', async () => {
  const folder = temporaryFolder()
  const write = (name: string, results: BenchResults) => {
    writeFileSync(join(folder, name), JSON.stringify(results))
    return join(folder, name)
  }
  const [a, b] = [write('a.json', first), write('b.json', run(1200, 200))]
  const program = resolve(import.meta.dirname, '../../bench/ann/compare.ts')
  const agree = (...args: string[]) =>
    runNode(['--import', 'tsx', program, '--agree', '--baseline', 'base', ...args])
  expect(await agree(a, b)).toMatchObject({ code: 1, stdout: expect.stringContaining('APART segvec') })
  expect(await agree(a, b, '--tolerance', '0.3')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('the largest disagreement is 20.0 %'),
  })
  expect(await agree(a)).toMatchObject({ code: 2 })
})
