/**
 * Build and search speed of segvec beside hnswlib-node, in one interleaved run at the same M, efConstruction and measured
 * recall.
 *
 *   npm run bench -- [--set fashion-mnist-784] [--rounds 5] [--build-rounds 3] [--limit rows] [--output file.json]
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { instructionSets, VectorIndex } from 'segvec'
import type { Adapter, BuiltIndex } from './adapters/adapter.ts'
import { hnswlibNode } from './adapters/hnswlib-node.ts'
import { segvec } from './adapters/segvec.ts'
import { type DataSet, hasDataSet, loadDataSet } from './data-sets.ts'
import { median, queriesPerSecondAt, recall, type SweepPoint } from './metrics.ts'

const k = 10
const M = 16
const efConstruction = 200
const efSweep = [10, 12, 16, 20, 26, 34, 44, 58, 76, 100, 140, 200, 300, 400]
const recalls = [0.9, 0.95, 0.99]

const { values: options } = parseArgs({
  options: {
    set: { type: 'string', default: hasDataSet('fashion-mnist-784') ? 'fashion-mnist-784' : 'text' },
    rounds: { type: 'string', default: '5' },
    'build-rounds': { type: 'string', default: '3' },
    limit: { type: 'string' },
    output: { type: 'string' },
  },
})

interface Candidate {
  readonly adapter: Adapter
  readonly threads: number
  readonly label: string
  build: (parameters: { M: number; efConstruction: number; threads: number }) => Promise<BuiltIndex>
  readonly vectorsPerSecond: number[]
  readonly sweeps: SweepPoint[][]
  index?: BuiltIndex
}

const log = (text: string) => process.stderr.write(`${text}\n`)

function limited(set: DataSet, limit: number | undefined): DataSet {
  return limit === undefined ? set : { ...set, base: set.base.slice(0, limit * set.dimension) }
}

/** The true distance of each query's k-th neighbor, by the exact scan. */
async function exactThresholds(set: DataSet): Promise<number[]> {
  const index = new VectorIndex({ dimension: set.dimension, metric: set.metric })
  await index.add(set.base)
  const { distances } = await index.searchBatch(set.queries, { k, exact: true })
  await index.close()
  return Array.from(
    { length: set.queries.length / set.dimension },
    (_, q) => distances[q * k + k - 1] as number,
  )
}

async function candidatesFor(set: DataSet): Promise<Candidate[]> {
  const candidates: Candidate[] = []
  for (const adapter of [segvec, hnswlibNode]) {
    const build = await adapter.prepare(set)
    for (const threads of new Set([1, adapter.maxThreads])) {
      const label = `${adapter.name}, ${threads} thread${threads > 1 ? 's' : ''}`
      candidates.push({ adapter, threads, label, build, vectorsPerSecond: [], sweeps: [] })
    }
  }
  return candidates
}

async function buildRound(candidate: Candidate, rows: number): Promise<void> {
  await candidate.index?.close()
  const start = performance.now()
  candidate.index = await candidate.build({ M, efConstruction, threads: candidate.threads })
  candidate.vectorsPerSecond.push(rows / ((performance.now() - start) / 1000))
  log(`build  ${candidate.label}: ${candidate.vectorsPerSecond.at(-1)?.toFixed(0)} vectors/s`)
}

function searchRound(
  candidate: Candidate,
  set: DataSet,
  thresholds: number[],
  efs: readonly number[],
): SweepPoint[] {
  const index = candidate.index as BuiltIndex
  const queryCount = thresholds.length
  return efs.map((ef) => {
    const found: number[][] = []
    const start = performance.now()
    for (let q = 0; q < queryCount; q++) found.push(index.search(q, k, ef))
    const seconds = (performance.now() - start) / 1000
    return { ef, recall: recall(set, k, thresholds, found), queriesPerSecond: queryCount / seconds }
  })
}

const spread = (values: readonly number[]) => ({
  median: median(values),
  minimum: Math.min(...values),
  maximum: Math.max(...values),
})

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()

async function main(): Promise<void> {
  const set = limited(
    await loadDataSet(options.set),
    options.limit === undefined ? undefined : Number(options.limit),
  )
  const rows = set.base.length / set.dimension
  log(
    `${set.name}: ${rows} x ${set.dimension}, ${set.metric}; M ${M}, efConstruction ${efConstruction}, k ${k}`,
  )
  const thresholds = await exactThresholds(set)
  const candidates = await candidatesFor(set)
  for (let round = 0; round < Number(options['build-rounds']); round++) {
    for (const candidate of candidates) await buildRound(candidate, rows)
  }
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const candidate of candidates) candidate.sweeps.push([])
    for (const ef of efSweep) {
      for (const candidate of candidates) {
        candidate.sweeps.at(-1)?.push(...searchRound(candidate, set, thresholds, [ef]))
      }
    }
    log(`search round ${round + 1} done`)
  }

  const results = candidates.map((candidate) => ({
    label: candidate.label,
    notes: candidate.adapter.notes,
    threads: candidate.threads,
    buildVectorsPerSecond: spread(candidate.vectorsPerSecond),
    bytesPerVector: candidate.index?.bytesPerVector,
    queriesPerSecond: recalls.map((wanted) => {
      const values = candidate.sweeps.map((sweep) => queriesPerSecondAt(sweep, wanted))
      return { recall: wanted, ...(values.includes(undefined) ? {} : spread(values as number[])) }
    }),
    raw: { vectorsPerSecond: candidate.vectorsPerSecond, sweeps: candidate.sweeps },
  }))
  const report = {
    set: { name: set.name, rows, dimension: set.dimension, metric: set.metric, queries: thresholds.length },
    parameters: { M, efConstruction, k },
    machine: {
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      memoryBytes: totalmem(),
      simd: instructionSets(),
    },
    versions: {
      node: process.version,
      commit: git('rev-parse', 'HEAD'),
      isDirty: git('status', '--porcelain') !== '',
    },
    date: new Date().toISOString(),
    results,
  }
  const baseline = results.find((result) => result.label.startsWith('hnswlib-node'))
  for (const result of results) {
    const ratio = (a?: number, b?: number) => (a && b ? `${(a / b).toFixed(2)}x` : '-')
    const build = result.buildVectorsPerSecond.median
    console.log(`\n${result.label} (${result.notes})`)
    console.log(
      `  build ${build.toFixed(0)} vectors/s, ${ratio(build, baseline?.buildVectorsPerSecond.median)} hnswlib-node`,
    )
    result.queriesPerSecond.forEach((at, i) => {
      const qps = 'median' in at ? (at as { median: number }).median : undefined
      const other = baseline?.queriesPerSecond[i] as { median?: number } | undefined
      console.log(
        `  search at recall ${at.recall}: ${qps?.toFixed(0) ?? 'not reached'} queries/s, ${ratio(qps, other?.median)}`,
      )
    })
  }
  if (options.output !== undefined) {
    mkdirSync(dirname(options.output), { recursive: true })
    writeFileSync(options.output, `${JSON.stringify(report, null, 1)}\n`)
  }
  for (const candidate of candidates) await candidate.index?.close()
}

await main()
