/**
 * A commit of 1 % new rows beside writing the whole index, and the speed of adds that are durable when they resolve.
 *
 *   npm run bench:commits -- [--set sift-corel-128] [--limit rows] [--rounds 5] [--name commits]
 */
import { parseArgs } from 'node:util'
import { limitedSet, loadDataSet, presentSets, summaryOf } from '../ann/data-sets.ts'
import { runStamp } from '../ann/run-stamp.ts'
import { storeResults } from '../ann/store-results.ts'
import { type DurabilityPoint, measureDurability } from './durability.ts'
import { type CommitResults, measureCommits } from './measure.ts'
import { commitsTable, durabilityTable } from './table.ts'

const { values } = parseArgs({
  options: {
    set: { type: 'string', multiple: true },
    limit: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    name: { type: 'string' },
  },
})
const share = 0.01
const durabilityMs = 1000
const mostDurabilityRounds = 3

const all: CommitResults[] = []
for (const name of values.set ?? presentSets()) {
  const whole = await loadDataSet(name, { seed: 1, metric: 'cosine', queries: undefined })
  const set = limitedSet(whole, values.limit === undefined ? undefined : Number(values.limit))
  const summary = summaryOf(set)
  const newRows = Math.ceil(summary.rows * share)
  const durability: DurabilityPoint[][] = []
  for (let round = 0; round < Math.min(Number(values.rounds), mostDurabilityRounds); round++)
    durability.push(await measureDurability(set, durabilityMs))
  const results: CommitResults = {
    set: summary,
    newRows,
    ...runStamp(),
    rounds: await measureCommits(set, newRows, Number(values.rounds)),
    durability,
  }
  all.push(results)
  if (values.name !== undefined) storeResults(`${values.name}-${set.name}`, results)
}
console.log(`${commitsTable(all)}\n\n${durabilityTable(all)}`)
