import { expect, test } from 'vitest'
import { thisMachine } from '../../bench/ann/machine.ts'
import { type OrderResults, shuffledRows } from '../../bench/order/measure.ts'
import { orderTable } from '../../bench/order/table.ts'
import { Random } from '../support/random.ts'

const rows = 200
const base = Float32Array.from({ length: 2 * rows }, (_, i) => i)
const set = { name: 'made-up', metric: 'l2' as const, dimension: 2, base, queries: new Float32Array(2) }

test('shuffled rows are the same rows, whole, in another order that the seed decides', () => {
  const shuffle = (seed: number) => {
    const random = new Random(seed)
    return shuffledRows(set, (bound) => random.below(bound))
  }
  const shuffled = shuffle(1)
  const firsts = Array.from({ length: rows }, (_, row) => shuffled[2 * row] as number)
  for (let row = 0; row < rows; row++) expect(shuffled[2 * row + 1]).toBe((firsts[row] as number) + 1)
  expect([...firsts].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, row) => 2 * row))
  expect(shuffled).not.toEqual(base)
  expect(shuffle(1)).toEqual(shuffled)
  expect(shuffle(2)).not.toEqual(shuffled)
})

test('the share of the order of arrival is taken within each round', () => {
  const at = (queriesPerSecond: number) => [{ ef: 10, recall: 0.97, queriesPerSecond }]
  const results: OrderResults = {
    set: { name: 'made-up', rows, dimension: 2, metric: 'l2' },
    parameters: { M: 16, efConstruction: 200, k: 10, seed: 1, efs: [10] },
    machine: thisMachine(),
    versions: { node: process.version, commit: '', isDirty: false },
    date: '2026-01-01T00:00:00.000Z',
    rounds: [1, 2, 9].map((speed) => ({ arrived: at(90 * speed), shuffled: at(100 * speed) })),
  }
  expect(orderTable([results])).toContain('| made-up | 0.90 | 0.90 | – |')
})
