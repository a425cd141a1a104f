import { ratioPairs } from './agreement.ts'
import { markdownTable } from './markdown.ts'
import { median } from './metrics.ts'
import type { BenchResults } from './results.ts'

const baseline = 'hnswlib-node'
const tolerances = [0.05, 0.1] as const
const namedPairs = 3

/** By how much the ratios to hnswlib-node of two runs over the same sets differ; `undefined` where no set is in both. */
export function agreementTable(
  first: readonly BenchResults[],
  second: readonly BenchResults[],
): string | undefined {
  const rows = first.flatMap((run) => {
    const other = second.find(({ set }) => set.name === run.set.name)
    if (other === undefined) return []
    const pairs = ratioPairs(run, other, baseline)
    const within = (tolerance: number) => pairs.filter((pair) => pair.disagreement <= tolerance).length
    return [
      [
        run.set.name,
        String(pairs.length),
        ...tolerances.map((tolerance) => String(within(tolerance))),
        percent(median(pairs.map((pair) => pair.disagreement))),
        pairs
          .slice(0, namedPairs)
          .map(({ peer, figure, disagreement }) => `${peer}, ${figure}: ${percent(disagreement)}`)
          .join('; '),
      ],
    ]
  })
  if (rows.length === 0) return undefined
  const head = ['set', 'ratios', ...tolerances.map((tolerance) => `within ${percent(tolerance)}`)]
  return markdownTable([...head, 'median apart', 'farthest apart'], rows)
}

const percent = (share: number): string =>
  Number.isFinite(share) ? `${Number((100 * share).toFixed(1))} %` : 'one run lacks it'
