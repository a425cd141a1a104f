import { describe, expect, test } from 'vitest'
import type { ParallelBuild, ParallelResults } from '../../bench/ann/parallel.ts'
import { phasesOf } from '../../bench/ann/parallel-figures.ts'

const build = (threads: number, seconds: number, compact?: ParallelBuild['compact']): ParallelBuild => ({
  threads,
  batchRows: 1000,
  seconds,
  cpuSeconds: seconds,
  vectorsPerSecond: 1000 / (seconds + (compact?.seconds ?? 0)),
  copySeconds: 1,
  ...(compact === undefined ? {} : { compact }),
})
const results: ParallelResults = {
  cores: 2,
  rows: 1000,
  scaling: [build(1, 10), build(2, 6), build(4, 6)],
  segments: [build(2, 5, { seconds: 2, cpuSeconds: 4 }), build(4, 5, { seconds: 3, cpuSeconds: 4 })],
  grid: [],
  encode: { rows: 1000, fitSeconds: 0.5, encodeSeconds: 0.5 },
}

describe('the phases of a build', () => {
  test('of one graph are the copy, the encoding by one thread, and the rest', () => {
    const [one, two] = phasesOf(results, 'scaling')
    expect(one).toMatchObject({ threads: 1, copy: 1, encode: 1, insert: 8, compact: undefined, speedUp: 1 })
    expect(two).toMatchObject({ threads: 2, insert: 4, total: 6 })
    expect(two?.speedUp).toBeCloseTo(10 / 6)
  })

  test('are projected to as many cores: what one thread does stays', () => {
    expect(phasesOf(results, 'scaling').map(({ projected }) => projected)).toEqual([
      1,
      expect.closeTo(10 / (2 + 8 / 2)),
      expect.closeTo(10 / (2 + 8 / 4)),
    ])
  })

  test('of a segment for each worker have the merge in them, and its share in the projection', () => {
    const [one, two, four] = phasesOf(results, 'segments')
    expect(one).toMatchObject({ threads: 1, total: 10 })
    expect(two).toMatchObject({ encode: 0.5, insert: 3.5, compact: 2, total: 7 })
    expect(two?.projected).toBeCloseTo(10 / (1 + 9 / 2 + 4 / 2))
    expect(four?.projected).toBeCloseTo(10 / (1 + 9 / 4 + 4 / 4))
  })
})
