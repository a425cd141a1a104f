import { parseArgs } from 'node:util'
import { ratioPairs } from './agreement.ts'
import { readResults } from './read-results.ts'

const disagreementCode = 1
const usageCode = 2
const shownPairs = 10

/** Prints by how much the ratios of two runs differ, and gives the exit code. */
export function agreeFiles(args: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      agree: { type: 'boolean' },
      tolerance: { type: 'string', default: '0.1' },
      baseline: { type: 'string', default: 'hnswlib-node' },
    },
  })
  const [first, second] = positionals
  const tolerance = Number(values.tolerance)
  if (first === undefined || second === undefined || positionals.length > 2 || !(tolerance >= 0)) {
    console.error('expected --agree <a.json> <b.json> [--tolerance 0.1] [--baseline hnswlib-node]')
    return usageCode
  }
  let pairs: ReturnType<typeof ratioPairs>
  try {
    pairs = ratioPairs(readResults(first), readResults(second), values.baseline)
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    return usageCode
  }
  const apart = pairs.filter(({ disagreement }) => !(disagreement <= tolerance))
  for (const { peer, figure, first, second, disagreement } of pairs.slice(
    0,
    Math.max(apart.length, shownPairs),
  )) {
    const mark = disagreement <= tolerance ? '     ' : 'APART'
    console.log(`${mark} ${peer}, ${figure}: ${times(first)} and ${times(second)}${percent(disagreement)}`)
  }
  const [largest] = pairs
  console.log(
    `${pairs.length} ratios to ${values.baseline}, ${apart.length} of them more than ${100 * tolerance} % apart${largest === undefined ? '' : `; the largest disagreement is${percent(largest.disagreement)}`}`,
  )
  return apart.length === 0 && pairs.length > 0 ? 0 : disagreementCode
}

const times = (ratio: number | undefined) => (ratio === undefined ? 'not reached' : `${ratio.toFixed(2)}x`)

const percent = (disagreement: number) =>
  Number.isFinite(disagreement) ? ` ${(100 * disagreement).toFixed(1)} %` : ' a figure that one run lacks'
