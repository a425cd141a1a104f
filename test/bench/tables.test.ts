import { describe, expect, test } from 'vitest'
import { ratioOf, spread } from '../../bench/ann/figures-of.ts'
import { againstTable, setTable } from '../../bench/ann/figures-table.ts'
import { exactThresholds } from '../../bench/ann/ground-truth.ts'
import { thisMachine } from '../../bench/ann/machine.ts'
import { measureDurability } from '../../bench/commits/durability.ts'
import { measureCommits } from '../../bench/commits/measure.ts'
import { commitsTable, durabilityTable } from '../../bench/commits/table.ts'
import { measureRecall } from '../../bench/recall/measure.ts'
import { recallTable } from '../../bench/recall/table.ts'
import { stepChoices } from '../../bench/steps/choices.ts'
import { stepsTable } from '../../bench/steps/table.ts'
import { benchResults, peerResult } from '../support/bench-results.ts'
import { clusteredVectors } from '../support/clustered.ts'

const dimension = 8
const set = {
  name: 'made-up',
  metric: 'l2' as const,
  dimension,
  base: clusteredVectors({ count: 3000, dimension }),
  queries: clusteredVectors({ count: 50, dimension, seed: 8 }),
}
const stamp = {
  machine: thisMachine(),
  versions: { node: process.version, commit: '', isDirty: false },
  date: '2026-01-01T00:00:00.000Z',
}
const description = { name: 'made-up', rows: 3000, dimension, metric: 'l2', queries: 50 }

test('a ratio is the pseudomedian of those of the rounds', () => {
  const ours = spread([10, 200, 40])
  // By pairs, with themselves too: 2, 2, 2, 4, sqrt(8) twice.
  const ratio = ratioOf(ours, spread([5, 100, 10]))
  expect(ratio).toMatchObject({ minimum: 2, maximum: 4, values: [2, 2, 4] })
  expect(ratio?.estimate).toBeCloseTo(Math.sqrt(2 * Math.sqrt(8)))
  expect(ratioOf(spread([5, 100, 10]), ours)?.estimate).toBeCloseTo(1 / Math.sqrt(2 * Math.sqrt(8)))
  // A peer that failed after the first round counts with that.
  expect(ratioOf(ours, spread([5]))).toMatchObject({ estimate: 2, values: [2] })
  expect(ratioOf(ours, undefined)).toBeUndefined()
})

test('recall that is asked for is measured on held-out queries', async () => {
  const parameters = { M: 8, efConstruction: 40, seed: 1 }
  const points = await measureRecall(set, parameters, [5], [0.9, 0.99])
  expect(points.map(({ k, wanted }) => [k, wanted])).toEqual([
    [5, 0.9],
    [5, 0.99],
  ])
  for (const { wanted, measured } of points) expect(measured).toBeGreaterThan(wanted - 0.05)
  expect(recallTable([{ ...stamp, set: description, parameters, points }])).toMatch(
    /^\| set \| k \| 0\.9 \| 0\.99 \|\n.*\n\| made-up \| 5 \| [01]\.\d{4} \| [01]\.\d{4} \|$/,
  )
  expect(await exactThresholds(set, 5)).toHaveLength(50)
})

test('commits of new rows are measured beside saves of everything', async () => {
  const rounds = await measureCommits(set, 30, 2)
  expect(rounds).toHaveLength(2)
  const table = commitsTable([
    { ...stamp, set: description, newRows: 30, rounds: [{ commitSeconds: 0.01, saveSeconds: 0.4 }] },
  ])
  expect(table).toContain('| made-up | 3,000 | 30 | 10 ms | 400 ms | 40x |')
})

test('adds that are durable when they resolve are timed in every mode', async () => {
  const points = await measureDurability(set, 20)
  expect(new Set(points.map(({ mode }) => mode))).toContain('commit')
  for (const { vectorsPerSecond } of points) expect(vectorsPerSecond).toBeGreaterThan(0)
  const point = (mode: 'none' | 'commit', vectorsPerSecond: number) => ({
    ...{ mode, batchRows: 100, callers: 16 },
    vectorsPerSecond,
  })
  const durability = [[point('none', 5000), point('commit', 800)]]
  const results = { ...stamp, set: description, newRows: 30, rounds: [], durability }
  expect(durabilityTable([results])).toContain('| made-up | 100 | 16 | 5,000 | 800 | – |')
})

describe('what each step brought', () => {
  test('is measured with every instruction set that there is, on floats and on codes', () => {
    const { available, selected } = thisMachine().instructionSets
    const names = stepChoices().map(({ name }) => name)
    for (const set of available) expect(names).toContain(`codes, ${set}`)
    expect(names[0]).toBe('floats, scalar')
    const withoutPages = stepChoices().filter(({ launcher }) => launcher !== undefined)
    for (const { name } of withoutPages) expect(name).toBe(`codes, ${selected}, no huge pages`)
  })

  test('is told in multiples of the first', () => {
    const results = benchResults([peerResult('floats, scalar', 100), peerResult('codes, avx2', 450)])
    expect(stepsTable(results)).toContain('| codes, avx2 | 4.50x | 4.50x | 4.50x | 4.50x |')
  })
})

describe('the tables of the comparison', () => {
  const results = (rival: number) =>
    benchResults([peerResult('segvec', 1000), peerResult('segvec none', 500), peerResult('rival', rival)])

  test('say against whom, from the least to the most of the sets', () => {
    const files = new Map([
      ['a.json', results(200)],
      ['b.json', results(100)],
    ])
    expect(againstTable(files)).toContain('| rival | 5.0–10.0x | 5.0–10.0x |')
  })

  test('do not divide a build by that of a scan, and say what is missing', () => {
    const scan = peerResult('scan', 100, { isExact: true })
    const broken = peerResult('broken', 1, { failure: 'it is not here', builds: [], sweeps: [] })
    const files = new Map([['a.json', benchResults([peerResult('segvec', 1000), scan])]])
    expect(againstTable(files)).toContain('| scan | – | – | 10.0x |')
    const table = setTable(benchResults([peerResult('segvec', 1000), scan, broken]), 'a.json')
    expect(table).toMatch(/Not measured: broken: it is not here$/)
  })

  test('show what a peer reached before it failed, and say that it did', () => {
    const killed = peerResult('killed', 100, { failure: 'its process ended' })
    const table = setTable(benchResults([peerResult('segvec', 1000), killed]), 'a.json')
    expect(table).toMatch(/\| segvec : killed \| 10\.0x /)
    expect(table).toMatch(/Measured in part: killed: its process ended$/)
  })

  test('say what every peer reached, and divide codes and floats by each rival', () => {
    const table = setTable(results(200), 'a.json')
    expect(table).toMatch(/\| segvec : rival \| 5\.0x /)
    expect(table).toMatch(/\| segvec none : rival \| 2\.5x /)
  })
})
