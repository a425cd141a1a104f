import { type Ratio, ratio } from '../ann/figures-of.ts'
import { markdownTable } from '../ann/markdown.ts'
import { queriesPerSecondAt } from '../ann/metrics.ts'
import type { OrderResults } from './measure.ts'

const recalls = [0.9, 0.95, 0.99] as const

/** Queries per second in the order of arrival, as a share of those of the shuffled rows; within each round. */
export function orderShare({ rounds }: OrderResults, recall: number): Ratio | undefined {
  const shares = rounds.map(({ arrived, shuffled }) => {
    const [a, b] = [queriesPerSecondAt(arrived, recall), queriesPerSecondAt(shuffled, recall)]
    return a === undefined || b === undefined ? undefined : a / b
  })
  return shares.length === 0 || shares.includes(undefined) ? undefined : ratio(shares as number[])
}

export const orderTable = (all: readonly OrderResults[]): string =>
  markdownTable(
    ['set', ...recalls.map((recall) => `at ${recall}`)],
    all.map((results) => [
      results.set.name,
      ...recalls.map((recall) => orderShare(results, recall)?.estimate.toFixed(2)),
    ]),
  )
