import { parseArgs } from 'node:util'
import { readResults } from './read-results.ts'
import { type Change, changesBetween } from './regressions.ts'

const regressionCode = 1
const usageCode = 2

/** Prints every change between two result files, and gives the exit code. */
export function compareFiles(args: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { compare: { type: 'boolean' }, tolerance: { type: 'string', default: '0.05' } },
  })
  const [before, after] = positionals
  const tolerance = Number(values.tolerance)
  if (before === undefined || after === undefined || positionals.length > 2 || !(tolerance >= 0)) {
    console.error('expected --compare <old.json> <new.json> [--tolerance 0.05]')
    return usageCode
  }
  let changes: Change[]
  try {
    changes = changesBetween(readResults(before), readResults(after), tolerance)
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    return usageCode
  }
  for (const change of changes) console.log(describeChange(change))
  const count = changes.filter((change) => change.isRegression).length
  console.log(count === 0 ? 'no regressions' : `${count} regression(s)`)
  return count === 0 ? 0 : regressionCode
}

const round = (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US')

function describeChange({ peer, figure, old, new: now, ratio, isRegression, reason }: Change): string {
  const mark = isRegression ? 'WORSE' : '     '
  if (now === undefined || ratio === undefined) return `${mark} ${peer}, ${figure}: ${reason}`
  return `${mark} ${peer}, ${figure}: ${round(old)} -> ${round(now)} (${ratio.toFixed(2)}x as good)`
}
