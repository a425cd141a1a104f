/** Figures drawn from raw results. */
import { efAt, median, queriesPerSecondAt } from '../ann/metrics.ts'
import type { ScaleResults, ScaleSize } from './measure.ts'

/** Microseconds a vector, by the clock with all threads. */
export const buildMicroseconds = ({ rows, builds }: ScaleSize): number =>
  (median(builds.map(({ seconds }) => seconds)) / rows) * 1e6

/** The same in processor time of all threads, which other programs on the machine disturb least. */
export const buildCpuMicroseconds = ({ rows, builds }: ScaleSize): number =>
  (median(builds.map(({ cpuSeconds }) => cpuSeconds)) / rows) * 1e6

/** Microseconds of processor time a query at a recall; `undefined` where a round does not reach it. */
export function queryMicroseconds({ sweeps }: ScaleSize, recall: number): number | undefined {
  const speed = medianOf(sweeps.map((points) => queriesPerSecondAt(points, recall)))
  return speed && 1e6 / speed
}

/** The beam that a recall takes: what of a query's time is not the machine's. */
export const queryEf = ({ sweeps }: ScaleSize, recall: number): number | undefined =>
  medianOf(sweeps.map((points) => efAt(points, recall)))

const medianOf = (values: readonly (number | undefined)[]): number | undefined =>
  values.length === 0 || values.includes(undefined) ? undefined : median(values as number[])

export interface GrowthPoint {
  readonly series: string
  readonly rows: number
  /** How many times what the smallest size takes. */
  readonly factor: number
}

export const growthSeries: readonly [string, (size: ScaleSize) => number | undefined][] = [
  ['build', buildCpuMicroseconds],
  ['query at 0.95', (size) => queryMicroseconds(size, 0.95)],
  ['query at 0.99', (size) => queryMicroseconds(size, 0.99)],
  ['ef at 0.95', (size) => queryEf(size, 0.95)],
]

/** Everything beside the smallest size, and what would grow with the logarithm of the number of vectors. */
export function growth({ sizes }: ScaleResults): GrowthPoint[] {
  const [smallest] = sizes
  if (smallest === undefined) return []
  const logarithm = (size: ScaleSize) => Math.log(size.rows)
  return [...growthSeries, ['log n', logarithm] as const].flatMap(([series, of]) => {
    const unit = of(smallest)
    return sizes.flatMap((size) => {
      const value = of(size)
      return value === undefined || unit === undefined
        ? []
        : [{ series, rows: size.rows, factor: value / unit }]
    })
  })
}
