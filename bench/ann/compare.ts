/**
 * Build and search speed of segvec beside its peers, interleaved, at the same M, efConstruction and measured recall.
 * `npm run bench -- --help` lists the options.
 */
import { fileURLToPath } from 'node:url'
import { writeReport } from '../report/write-report.ts'
import { adaptersNamed } from './adapters/registry.ts'
import { scratchFolder } from './adapters/scratch-folder.ts'
import { agreeFiles } from './agree-files.ts'
import { compareFiles } from './compare-files.ts'
import { limitedSet, loadDataSet } from './data-sets.ts'
import { estimatedMinutes } from './estimate.ts'
import { groundTruth } from './ground-truth.ts'
import { readBenchOptions, usage } from './options.ts'
import { measureParallelism } from './parallel.ts'
import { describeRun } from './report.ts'
import type { BenchResults } from './results.ts'
import { runStamp } from './run-stamp.ts'
import { run } from './runner.ts'
import { writeSet } from './set-files.ts'
import { storeResults } from './store-results.ts'

const args = process.argv.slice(2)
if (args.includes('--help')) {
  console.log(usage)
  process.exit()
}
if (args.includes('--agree')) process.exit(agreeFiles(args))
if (args.includes('--compare')) process.exit(compareFiles(args))
const options = readBenchOptions(args)
const { limit, parameters } = options

/** In the project's folder, whatever the current one is. */
const reportFile = fileURLToPath(new URL('../../bench-report.html', import.meta.url))
const log = (text: string) => process.stderr.write(`${text}\n`)

const minutesUsed = () => performance.now() / 60_000

/** Every set gets the same share of the minutes that are left. */
async function compareOn(name: string, setsLeft: number): Promise<BenchResults> {
  const set = limitedSet(await loadDataSet(name, { ...options, seed: parameters.seed }), limit)
  const { source, thresholds } = await groundTruth(set, parameters.k, limit !== undefined)
  const rows = set.base.length / set.dimension
  log(`${set.name}: ${rows} x ${set.dimension}, ${set.metric}, ${thresholds.length} queries`)
  const adapters = adaptersNamed(options.peers)
  log(
    `about ${Math.ceil(estimatedMinutes({ rows, dimension: set.dimension, adapters }, parameters))} minutes, were nothing else to do`,
  )
  const folder = scratchFolder()
  writeSet(folder.path, set)
  const minutes = options.minutes && (options.minutes - minutesUsed()) / setsLeft
  const { rounds: made, ...measured } = await run({
    ...{ set, setFolder: folder.path, thresholds, parameters, log },
    peers: adapters.map((adapter) => ({ adapter })),
    minutes,
  })
  folder.remove()
  const { M, efConstruction, seed, buildRounds } = parameters
  const rounds = Math.max(1, buildRounds)
  const parallel = options.isParallel
    ? await measureParallelism({ set, rounds, M, efConstruction, seed, log })
    : undefined
  return {
    set: {
      name: set.name,
      rows,
      dimension: set.dimension,
      metric: set.metric,
      queries: thresholds.length,
      groundTruth: source,
    },
    parameters: { ...parameters, ...made },
    ...runStamp(),
    ...measured,
    ...(parallel === undefined ? {} : { parallel }),
  }
}

const runs: BenchResults[] = []
for (const [i, name] of options.sets.entries()) {
  const results = await compareOn(name, options.sets.length - i)
  runs.push(results)
  console.log(describeRun(results))
  if (options.name !== undefined) storeResults(`${options.name}-${results.set.name}`, results)
  if (results.peers.some((peer) => peer.group === 'segvec' && peer.failure !== undefined)) {
    process.exitCode = 1
  }
}
await writeReport(reportFile, runs)
log(`\nThe same as a page: ${reportFile}`)
