/**
 * Searches of rows that were added as they are in their file beside searches of the same rows added shuffled.
 *
 *   npm run bench:order -- [--set lsa-delaw-256] [--limit rows] [--rounds 3] [--name order]
 */
import { parseArgs } from 'node:util'
import { Random } from '../../test/support/random.ts'
import { limitedSet, loadDataSet, summaryOf } from '../ann/data-sets.ts'
import { groundTruth } from '../ann/ground-truth.ts'
import { runStamp } from '../ann/run-stamp.ts'
import { storeResults } from '../ann/store-results.ts'
import { measureOrder, type OrderResults, shuffledRows } from './measure.ts'
import { orderTable } from './table.ts'

const { values } = parseArgs({
  options: {
    set: { type: 'string', multiple: true, default: ['lsa-delaw-256'] },
    limit: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    name: { type: 'string' },
  },
})
const parameters = {
  M: 16,
  efConstruction: 200,
  k: 10,
  seed: 1,
  efs: [10, 16, 26, 44, 76, 140, 260, 480, 800],
}

const all: OrderResults[] = []
for (const name of values.set) {
  const whole = await loadDataSet(name, { seed: parameters.seed, metric: 'cosine', queries: undefined })
  const limit = values.limit === undefined ? undefined : Number(values.limit)
  const set = limitedSet(whole, limit)
  // By distance, so that they are those of the shuffled rows as well.
  const { thresholds } = await groundTruth(set, parameters.k, limit !== undefined)
  const random = new Random(parameters.seed)
  const shuffled = { ...set, base: shuffledRows(set, (bound) => random.below(bound)) }
  const results: OrderResults = {
    set: summaryOf(set),
    parameters,
    ...runStamp(),
    rounds: await measureOrder(set, shuffled, thresholds, parameters, Number(values.rounds)),
  }
  all.push(results)
  if (values.name !== undefined) storeResults(`${values.name}-${set.name}`, results)
}
console.log(orderTable(all))
