/** The command line of the comparison. */
import { parseArgs } from 'node:util'
import type { Metric } from 'segvec'
import { presentSets } from './data-sets.ts'
import type { RunParameters } from './results.ts'

export interface BenchOptions {
  readonly sets: readonly string[]
  /** Rows of a set that are used; all if left out. */
  readonly limit: number | undefined
  readonly peers: readonly string[] | undefined
  /** Of sets that are files. */
  readonly metric: Metric
  readonly queries: string | undefined
  readonly name: string | undefined
  readonly isParallel: boolean
  /** After which no further round begins. */
  readonly minutes: number | undefined
  readonly parameters: Required<RunParameters>
}

export const usage = `npm run bench -- [options]

  without options     a quick look: 10,000 rows of the text that every checkout has, a few minutes
  --full              every set that is here, whole, five rounds, and how the build gains from threads
  --set <name>        text, clustered:<rows>x<dimension>, a set of the shared data folder, or a file of vectors
                      (.npy, .fvecs, .bvecs, .f32, .u8); may be given again
  --metric <name>     of a file: cosine, l2 or ip (cosine)
  --queries <file>    of a file; without it, some of its vectors are held out
  --peers <a,b>       these only, each by its name or the start of it
  --rounds <n>        rounds of searches (5; without --set and --full 2)
  --build-rounds <n>  rounds of builds (3; without --set and --full 1)
  --ef <a,b,...>      these settings of ef only, 10 to 800 without it
  --limit <rows>      no more rows of each set
  --minutes <n>       bounds the run: no round begins that would not end in time, but the first of each kind; results say
                      how many were made
  --parallel          also measure how segvec's build gains from threads
  --seed <n>          of everything random that can be seeded (1)
  --name <run>        keep raw results as bench/results/<run>-<set>.json

  --compare <old.json> <new.json> [--tolerance 0.05]
                      instead of a run: what became worse from one result file to the other, beyond their noise and at
                      equal recall; exits with 1 if anything did
  --agree <a.json> <b.json> [--tolerance 0.1] [--baseline hnswlib-node]
                      instead of a run: by how much the ratios of two runs to one package differ; exits with 1 if any
                      does by more`

const efs = [10, 14, 20, 28, 40, 58, 84, 120, 180, 280, 480, 800]
const quickRows = 10_000
/** Peers of segvec's take 5 to 17 s for 50,000 vectors, segvec 1 to 3. */
const leastBuildSeconds = 3

export function readBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      set: { type: 'string', multiple: true },
      metric: { type: 'string', default: 'cosine' },
      queries: { type: 'string' },
      full: { type: 'boolean', default: false },
      peers: { type: 'string' },
      rounds: { type: 'string' },
      'build-rounds': { type: 'string' },
      ef: { type: 'string' },
      limit: { type: 'string' },
      minutes: { type: 'string' },
      parallel: { type: 'boolean', default: false },
      seed: { type: 'string' },
      name: { type: 'string' },
    },
  })
  const isQuick = !values.full && values.set === undefined
  return {
    sets: values.set ?? (values.full ? presentSets() : ['text']),
    limit: count('limit', values.limit, isQuick ? quickRows : undefined),
    peers: values.peers?.split(','),
    metric: metricOf(values.metric),
    queries: values.queries,
    name: values.name,
    minutes: count('minutes', values.minutes, undefined),
    isParallel: values.parallel || values.full,
    parameters: {
      M: 16,
      efConstruction: 200,
      k: 10,
      efs: values.ef?.split(',').map((ef) => count('ef', ef, 0)) ?? efs,
      buildRounds: count('build-rounds', values['build-rounds'], isQuick ? 1 : 3),
      searchRounds: count('rounds', values.rounds, isQuick ? 2 : 5),
      leastBuildSeconds: isQuick ? 0 : leastBuildSeconds,
      seed: count('seed', values.seed, 1),
      operatingRecall: 0.95,
    },
  }
}

const metrics = ['cosine', 'l2', 'ip'] as const

function metricOf(text: string): Metric {
  const metric = metrics.find((candidate) => candidate === text)
  if (metric === undefined) throw new Error(`--metric is '${text}'; expected one of ${metrics.join(', ')}`)
  return metric
}

function count<Fallback extends number | undefined>(
  name: string,
  text: string | undefined,
  fallback: Fallback,
): number | Fallback {
  if (text === undefined) return fallback
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new Error(`--${name} is '${text}'; expected a whole number`)
  }
  return value
}
