import { beforeAll, describe, expect, test } from 'vitest'
import { exactThresholds } from '../../bench/ann/ground-truth.ts'
import { thisMachine } from '../../bench/ann/machine.ts'
import { mergeShare, shareOfOne, shareWhenMerged, timeToFullSpeed } from '../../bench/segments/figures.ts'
import { type Division, measureRound, type SegmentsResults } from '../../bench/segments/measure.ts'
import { segmentsTable } from '../../bench/segments/table.ts'
import { clusteredVectors } from '../support/clustered.ts'

const parameters = { M: 8, efConstruction: 40, k: 5, seed: 1, efs: [200], threads: 2 }
const stamp = {
  machine: thisMachine(),
  versions: { node: process.version, commit: '', isDirty: false },
  date: '2026-01-01T00:00:00.000Z',
}
const description = { name: 'made-up', rows: 4000, dimension: 8, metric: 'l2' }

describe('the benchmark of segments', () => {
  let round: Division[]
  beforeAll(async () => {
    const dimension = 8
    const base = clusteredVectors({ count: 4000, dimension })
    const queries = clusteredVectors({ count: 20, dimension, seed: 8 })
    const set = { name: 'made-up', metric: 'l2' as const, dimension, base, queries }
    round = await measureRound(set, await exactThresholds(set, parameters.k), [1, 2], parameters)
  })

  test('measures the same vectors as one and as two segments, apart and merged', () => {
    expect(round.map(({ segments }) => segments)).toEqual([1, 2])
    const [single, halves] = round as [Division, Division]
    expect(single.compact).toBeUndefined()
    expect(halves.compact?.cpuSeconds).toBeGreaterThan(0)
    for (const { sweep, sweepAfter } of round) {
      for (const { recall, queriesPerSecond } of [...sweep, ...sweepAfter]) {
        expect(recall).toBeGreaterThan(0.9)
        expect(queriesPerSecond).toBeGreaterThan(0)
      }
    }
  })

  test('has a table of all of it', () => {
    const results: SegmentsResults = { ...stamp, set: description, parameters, rounds: [round] }
    expect(segmentsTable(results)).toMatch(/\| 2 \| [\d.]+ \|/)
  })
})

test('ratios are taken within a round, then the estimate of the rounds', () => {
  const took = (seconds: number) => ({ seconds, cpuSeconds: 2 * seconds })
  const at = (queriesPerSecond: number) => [{ ef: 10, recall: 0.999, queriesPerSecond }]
  const roundOf = (speed: number): Division[] => [
    { segments: 1, build: took(10 / speed), sweep: at(100 * speed), sweepAfter: at(100 * speed) },
    {
      segments: 2,
      build: took(8 / speed),
      sweep: at(60 * speed),
      compact: took(4 / speed),
      sweepAfter: at(98 * speed),
    },
  ]
  const results: SegmentsResults = {
    ...stamp,
    set: description,
    parameters,
    rounds: [roundOf(1), roundOf(3), roundOf(9)],
  }
  expect(shareOfOne(results, 2, 0.95)?.estimate).toBeCloseTo(0.6)
  expect(shareWhenMerged(results, 2, 0.95)?.estimate).toBeCloseTo(0.98)
  expect(mergeShare(results, 2, 'cpuSeconds')?.estimate).toBeCloseTo(0.4)
  expect(timeToFullSpeed(results, 2)?.estimate).toBeCloseTo(1.2)
  expect(shareOfOne(results, 4, 0.95)).toBeUndefined()
})
