/**
 * What each step brought: segvec on floats and on codes, by instruction set, and without huge pages, interleaved.
 *
 *   npm run bench:steps -- [--set sift-corel-128] [--limit rows] [--rounds 3] [--build-rounds 2] [--name steps]
 */
import { parseArgs } from 'node:util'
import { scratchFolder } from '../ann/adapters/scratch-folder.ts'
import { limitedSet, loadDataSet, summaryOf } from '../ann/data-sets.ts'
import { groundTruth } from '../ann/ground-truth.ts'
import type { BenchResults } from '../ann/results.ts'
import { runStamp } from '../ann/run-stamp.ts'
import { run } from '../ann/runner.ts'
import { writeSet } from '../ann/set-files.ts'
import { storeResults } from '../ann/store-results.ts'
import { stepChoices } from './choices.ts'
import { stepsTable } from './table.ts'

const { values } = parseArgs({
  options: {
    set: { type: 'string', multiple: true, default: ['sift-corel-128'] },
    limit: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    'build-rounds': { type: 'string', default: '2' },
    name: { type: 'string' },
  },
})
const parameters = {
  M: 16,
  efConstruction: 200,
  k: 10,
  efs: [10, 16, 26, 44, 76, 140, 260, 480, 800],
  buildRounds: Number(values['build-rounds']),
  searchRounds: Number(values.rounds),
  seed: 1,
  operatingRecall: 0.95,
  leastBuildSeconds: 0,
}

for (const name of values.set) {
  const whole = await loadDataSet(name, { seed: parameters.seed, metric: 'cosine', queries: undefined })
  const limit = values.limit === undefined ? undefined : Number(values.limit)
  const set = limitedSet(whole, limit)
  const { source, thresholds } = await groundTruth(set, parameters.k, limit !== undefined)
  const folder = scratchFolder()
  writeSet(folder.path, set)
  const log = (text: string) => process.stderr.write(`${text}\n`)
  const { rounds, ...measured } = await run({
    ...{ set, setFolder: folder.path, thresholds, parameters, log },
    peers: stepChoices(),
    isSpeedOnly: true,
  })
  folder.remove()
  const results: BenchResults = {
    set: { ...summaryOf(set), queries: thresholds.length, groundTruth: source },
    parameters: { ...parameters, ...rounds },
    ...runStamp(),
    ...measured,
  }
  console.log(`\n${stepsTable(results)}`)
  if (values.name !== undefined) storeResults(`${values.name}-${set.name}`, results)
}
