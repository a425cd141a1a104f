/**
 * Build time per vector and query time at a recall over the number of vectors, on clustered vectors that are made up.
 *
 *   npm run bench:scale -- [--sizes 10000,100000,500000,1000000] [--dimension 96] [--rounds 5] [--name scale]
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { loadDataSet } from '../ann/data-sets.ts'
import { groundTruth } from '../ann/ground-truth.ts'
import { runStamp } from '../ann/run-stamp.ts'
import { storeResults } from '../ann/store-results.ts'
import { measureScale, type ScaleResults, type ScaleSet } from './measure.ts'
import { scaleFilesTable, scaleTable } from './table.ts'

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,100000,500000,1000000' },
    dimension: { type: 'string', default: '96' },
    rounds: { type: 'string', default: '5' },
    name: { type: 'string' },
  },
})
const parameters = {
  dimension: Number(values.dimension),
  M: 16,
  efConstruction: 200,
  k: 10,
  seed: 1,
  efs: [10, 16, 26, 44, 76, 140, 260, 480, 800],
  threads: availableParallelism(),
}
const log = (text: string) => process.stderr.write(`${text}\n`)

const sets: ScaleSet[] = []
const sizes = values.sizes.split(',').map(Number)
for (const rows of sizes.sort((a, b) => a - b)) {
  const name = `clustered:${rows}x${parameters.dimension}`
  const set = await loadDataSet(name, { seed: parameters.seed, metric: 'l2', queries: undefined })
  const { thresholds } = await groundTruth(set, parameters.k, true)
  sets.push({ set, thresholds })
  log(`${rows} vectors made, and their ground truth`)
}
const results: ScaleResults = {
  parameters,
  ...runStamp(),
  sizes: await measureScale(sets, parameters, Number(values.rounds), log),
}
console.log(`\n${scaleTable(results)}\n\n${scaleFilesTable(results)}`)
if (values.name !== undefined) storeResults(values.name, results)
