import { describe, expect, test } from 'vitest'
import { loadDataSet } from '../../bench/ann/data-sets.ts'
import { exactThresholds } from '../../bench/ann/ground-truth.ts'
import { thisMachine } from '../../bench/ann/machine.ts'
import { growth } from '../../bench/scale/figures.ts'
import { measureScale, type ScaleResults, type ScaleSize } from '../../bench/scale/measure.ts'
import { scaleFilesTable, scaleTable } from '../../bench/scale/table.ts'

const parameters = { dimension: 8, M: 8, efConstruction: 40, k: 5, seed: 1, efs: [200], threads: 2 }
const resultsOf = (sizes: ScaleSize[]): ScaleResults => ({
  parameters,
  machine: thisMachine(),
  versions: { node: process.version, commit: '', isDirty: false },
  date: '2026-01-01T00:00:00.000Z',
  sizes,
})

describe('the benchmark of scale', () => {
  test('builds small sizes several times and sweeps all of them', async () => {
    const sets = await Promise.all(
      [1500, 3000].map(async (rows) => {
        const set = await loadDataSet(`clustered:${rows}x8`, { seed: 1, metric: 'l2', queries: undefined })
        return { set, thresholds: await exactThresholds(set, parameters.k) }
      }),
    )
    const sizes = await measureScale(sets, parameters, 1, () => {})
    expect(sizes.map(({ rows, builds }) => [rows, builds.length])).toEqual([
      [1500, 2],
      [3000, 1],
    ])
    for (const { sweeps } of sizes) expect(sweeps[0]?.[0]?.recall).toBeGreaterThan(0.9)
    expect(scaleTable(resultsOf(sizes))).toMatch(/\| 3,000 \| 1\.09x \|/)
    expect(scaleFilesTable(resultsOf(sizes))).toMatch(/\| 3,000 \| [\d.]+ \| [\d.]+ \| [\d.]+ \| [\d.]+ \|/)
  })

  test('holds growth against the logarithm of the number of vectors', () => {
    const size = (rows: number, microseconds: number): ScaleSize => ({
      rows,
      builds: [{ seconds: 1, cpuSeconds: (rows * microseconds) / 1e6 }],
      bytesPerVector: 100,
      sweeps: [[{ ef: 10, recall: 0.96, queriesPerSecond: 1e6 / microseconds }]],
    })
    const points = growth(resultsOf([size(1000, 20), size(1_000_000, 40)]))
    const factors = points
      .filter(({ rows }) => rows === 1_000_000)
      .map(({ series, factor }) => [series, factor])
    expect(factors).toEqual([
      ['build', 2],
      ['query at 0.95', 2],
      ['ef at 0.95', 1],
      ['log n', expect.closeTo(2)],
    ])
  })
})
