/**
 * Build and search speed of segvec beside its peers, interleaved, at the same M, efConstruction and measured recall.
 *
 *   npm run bench -- [--set name]... [--peers segvec,usearch,...] [--rounds 5] [--build-rounds 3] [--limit rows]
 *                    [--name run]   raw results go to bench/results/<name>-<set>.json; without it to no file
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { instructionSets } from 'segvec'
import { adaptersNamed } from './adapters/registry.ts'
import { scratchFolder } from './adapters/scratch-folder.ts'
import { type DataSet, hasDataSet, loadDataSet } from './data-sets.ts'
import { groundTruth } from './ground-truth.ts'
import { describeRun } from './report.ts'
import type { BenchResults, RunParameters } from './results.ts'
import { run } from './runner.ts'
import { writeSet } from './set-files.ts'

const { values: options } = parseArgs({
  options: {
    set: { type: 'string', multiple: true },
    peers: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    'build-rounds': { type: 'string', default: '3' },
    limit: { type: 'string' },
    name: { type: 'string' },
  },
})

const parameters: RunParameters = {
  M: 16,
  efConstruction: 200,
  k: 10,
  efs: [10, 12, 16, 20, 26, 34, 44, 58, 76, 100, 140, 200, 300, 400, 600, 800],
  buildRounds: Number(options['build-rounds']),
  searchRounds: Number(options.rounds),
}

const log = (text: string) => process.stderr.write(`${text}\n`)
const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()

const machine = () => ({
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  memoryBytes: totalmem(),
  instructionSets: instructionSets(),
})

const limited = (set: DataSet, limit: number | undefined): DataSet =>
  limit === undefined ? set : { ...set, base: set.base.slice(0, limit * set.dimension) }

async function compareOn(name: string): Promise<BenchResults> {
  const limit = options.limit === undefined ? undefined : Number(options.limit)
  const set = limited(await loadDataSet(name), limit)
  const { source, thresholds } = await groundTruth(set, parameters.k, limit !== undefined)
  const rows = set.base.length / set.dimension
  log(`${set.name}: ${rows} x ${set.dimension}, ${set.metric}, ${thresholds.length} queries`)
  const folder = scratchFolder()
  writeSet(folder.path, set)
  const adapters = adaptersNamed(options.peers?.split(','))
  const peers = await run({ set, setFolder: folder.path, thresholds, adapters, parameters, log })
  folder.remove()
  return {
    set: {
      name: set.name,
      rows,
      dimension: set.dimension,
      metric: set.metric,
      queries: thresholds.length,
      groundTruth: source,
    },
    parameters,
    machine: machine(),
    versions: {
      node: process.version,
      commit: git('rev-parse', 'HEAD'),
      isDirty: git('status', '--porcelain') !== '',
    },
    date: new Date().toISOString(),
    peers,
  }
}

for (const name of options.set ?? [hasDataSet('fashion-mnist-784') ? 'fashion-mnist-784' : 'text']) {
  const results = await compareOn(name)
  console.log(describeRun(results))
  if (options.name !== undefined) {
    const folder = fileURLToPath(new URL('../results', import.meta.url))
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}/${options.name}-${name}.json`, `${JSON.stringify(results, null, 1)}\n`)
  }
  if (results.peers.some((peer) => peer.group === 'segvec' && peer.failure !== undefined)) {
    process.exitCode = 1
  }
}
