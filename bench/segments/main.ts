/**
 * What several segments cost beside one, and what `compact()` brings back; everything in rounds of one run.
 *
 *   npm run bench:segments -- [--set sift-corel-128] [--limit rows] [--segments 1,2,4,8,16] [--rounds 5] [--name run]
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { limitedSet, loadDataSet, summaryOf } from '../ann/data-sets.ts'
import { groundTruth } from '../ann/ground-truth.ts'
import { runStamp } from '../ann/run-stamp.ts'
import { storeResults } from '../ann/store-results.ts'
import { measureRound, type SegmentsResults } from './measure.ts'
import { segmentsTable } from './table.ts'

const { values } = parseArgs({
  options: {
    set: { type: 'string', multiple: true, default: ['sift-corel-128'] },
    limit: { type: 'string' },
    segments: { type: 'string', default: '1,2,4,8,16' },
    rounds: { type: 'string', default: '5' },
    name: { type: 'string' },
  },
})
const counts = values.segments.split(',').map(Number)
if (!counts.includes(1)) throw new Error('--segments lacks 1, which the others are compared with')
const parameters = {
  M: 16,
  efConstruction: 200,
  k: 10,
  seed: 1,
  efs: [10, 16, 26, 44, 76, 140, 260, 480, 800],
  threads: availableParallelism(),
}

for (const name of values.set) {
  const whole = await loadDataSet(name, { seed: parameters.seed, metric: 'cosine', queries: undefined })
  const set = limitedSet(whole, values.limit === undefined ? undefined : Number(values.limit))
  const { thresholds } = await groundTruth(set, parameters.k, values.limit !== undefined)
  const rounds: SegmentsResults['rounds'][number][] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    rounds.push(await measureRound(set, thresholds, counts, parameters))
    process.stderr.write(`${set.name}: round ${round + 1} of ${values.rounds} done\n`)
  }
  const results: SegmentsResults = {
    set: summaryOf(set),
    parameters,
    ...runStamp(),
    rounds,
  }
  console.log(`\n${segmentsTable(results)}`)
  if (values.name !== undefined) storeResults(`${values.name}-${set.name}`, results)
}
