/**
 * The recall that is asked for beside the one that held-out queries get. No clock is read: the machine does not matter.
 *
 *   npm run bench:recall -- [--set sift-corel-128] [--name recall]
 */
import { parseArgs } from 'node:util'
import { loadDataSet, presentSets, summaryOf } from '../ann/data-sets.ts'
import { runStamp } from '../ann/run-stamp.ts'
import { storeResults } from '../ann/store-results.ts'
import { measureRecall, type RecallResults } from './measure.ts'
import { recallTable } from './table.ts'

const { values } = parseArgs({
  options: { set: { type: 'string', multiple: true }, name: { type: 'string' } },
})
const parameters = { M: 16, efConstruction: 200, seed: 1 }
const ks = [1, 10, 100]
const wanted = [0.9, 0.95, 0.98, 0.99, 0.995, 0.999]

const all: RecallResults[] = []
for (const name of values.set ?? presentSets()) {
  const set = await loadDataSet(name, { seed: parameters.seed, metric: 'cosine', queries: undefined })
  const results: RecallResults = {
    set: { ...summaryOf(set), queries: set.queries.length / set.dimension },
    parameters,
    ...runStamp(),
    points: await measureRecall(set, parameters, ks, wanted),
  }
  all.push(results)
  if (values.name !== undefined) storeResults(`${values.name}-${set.name}`, results)
}
console.log(recallTable(all))
