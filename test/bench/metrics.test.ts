import { describe, expect, test } from 'vitest'
import { efAt, percentiles, queriesPerSecondAt, recall } from '../../bench/ann/metrics.ts'
import { operatingPoint } from '../../bench/ann/operating-point.ts'

const point = (ef: number, recall: number, queriesPerSecond: number) => ({ ef, recall, queriesPerSecond })

describe('speed at a recall', () => {
  const points = [point(10, 0.8, 1000), point(20, 0.9, 100), point(40, 0.96, 25)]

  test('is interpolated in the logarithm', () => {
    expect(queriesPerSecondAt(points, 0.93)).toBeCloseTo(50)
    expect(efAt(points, 0.93)).toBeCloseTo(20 * Math.SQRT2)
  })

  test('is that of the smallest ef where this is above the recall', () => {
    expect(queriesPerSecondAt(points, 0.5)).toBe(1000)
    expect(efAt(points, 0.5)).toBe(10)
  })

  test('is that of a curve where the sweep has points enough, so that one turn that was slow counts little', () => {
    const efs = [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320]
    const curve = (ef: number) => Math.exp(12 - 0.5 * Math.log(ef) - 0.1 * Math.log(ef) ** 2)
    const sweep = efs.map((ef) => point(ef, 1 - 1 / ef, curve(ef)))
    expect(queriesPerSecondAt(sweep, 1 - 1 / 40)).toBeCloseTo(curve(40))
    // Recall is taken along the line: 0.97 lies between those of 28 and 40.
    const share = (0.97 - (1 - 1 / 28)) / (1 / 28 - 1 / 40)
    expect(queriesPerSecondAt(sweep, 0.97)).toBeCloseTo(curve(28 * (40 / 28) ** share))
    expect(queriesPerSecondAt(sweep, 0.1)).toBeCloseTo(curve(10))
    const stalled = sweep.map((each) => (each.ef === 40 ? point(40, each.recall, curve(40) / 2) : each))
    expect((queriesPerSecondAt(stalled, 1 - 1 / 40) ?? 0) / curve(40)).toBeGreaterThan(0.8)
  })

  test('is none where no ef reaches the recall', () => {
    expect(queriesPerSecondAt(points, 0.99)).toBeUndefined()
    expect(efAt(points, 0.99)).toBeUndefined()
  })
})

describe('recall', () => {
  const set = {
    name: 'line',
    metric: 'l2' as const,
    dimension: 1,
    base: Float32Array.of(0, 1, -1, 2, 5),
    queries: Float32Array.of(0),
  }

  test('counts a tie with the k-th neighbor as found', () => {
    expect(recall(set, 2, [1], [[0, 2]])).toBe(1)
  })

  test('counts a row that is too far as missed, and one given twice once', () => {
    expect(recall(set, 2, [1], [[0, 4]])).toBe(0.5)
    expect(recall(set, 2, [1], [[0, 0]])).toBe(0.5)
  })
})

test('percentiles are those of the sorted latencies', () => {
  const latencies = Float64Array.from({ length: 1000 }, (_, i) => 1000 - i)
  expect(percentiles(latencies)).toEqual({
    count: 1000,
    p50Ms: 501,
    p99Ms: 991,
    p999Ms: 1000,
    maximumMs: 1000,
  })
})

describe('the operating point', () => {
  const sweeps = [
    { variant: '', rounds: [[point(10, 0.9, 900), point(20, 0.96, 500)]] },
    { variant: 'refined', rounds: [[point(10, 0.95, 600), point(20, 0.99, 300)]] },
  ]

  test('is the fastest of all ways to search that reach the recall', () => {
    expect(operatingPoint(sweeps, 0.95)).toEqual({ ef: 10, variant: 'refined', recall: 0.95 })
  })

  test('is none where the recall is out of reach', () => {
    expect(operatingPoint(sweeps, 0.999)).toBeUndefined()
  })

  test('goes by the median of the rounds', () => {
    const rounds = [0.94, 0.96, 0.97].map((recall) => [point(10, recall, 100)])
    expect(operatingPoint([{ variant: '', rounds }], 0.95)).toEqual({ ef: 10, variant: '', recall: 0.96 })
  })
})
