import type { BenchResults } from './results.ts'

/** @throws {Error} where two runs cannot be compared: another set or other parameters. */
export function assertComparable(before: BenchResults, after: BenchResults): void {
  const about = ({ set, parameters }: BenchResults) => ({
    set: set.name,
    rows: set.rows,
    queries: set.queries,
    metric: set.metric,
    M: parameters.M,
    efConstruction: parameters.efConstruction,
    k: parameters.k,
  })
  const [old, now] = [about(before), about(after)]
  for (const name of Object.keys(old) as (keyof typeof old)[]) {
    if (old[name] !== now[name]) {
      throw new Error(
        `the runs cannot be compared: ${name} is ${now[name]}; expected ${old[name]} as in the old one`,
      )
    }
  }
}
