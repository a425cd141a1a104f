import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type Metric, mostThreads, type Quantization } from '../../index-options.ts'
import { UsageError } from '../command.ts'

/** The command line of `segvec bench`, checked. */
export interface BenchOptions {
  readonly data: string
  readonly queries: string | undefined
  readonly metric: Metric
  readonly dimension: number | undefined
  readonly limit: number | undefined
  readonly k: number
  readonly recalls: readonly number[]
  readonly threads: readonly number[]
  readonly quantizations: readonly Quantization[]
  readonly rounds: number
  readonly isJson: boolean
}

export const usage = `segvec bench --data <file> [options]

Builds an index of your vectors, searches it at many settings, compares with an exact scan of every vector, and
recommends parameters.

  --data <file>           .npy, .fvecs, .bvecs, or bare values as .f32, .u8, .i8
  --metric <name>         cosine, l2 or ip (cosine)
  --queries <file>        queries to measure with, the first 500 of them; without it up to 500 of the vectors are held out
  --dimension <n>         values per vector, for a bare file without <file>.shape
  --limit <rows>          use no more of the vectors
  --k <n>                 neighbors per query (10)
  --recall <a,b,...>      recalls to find ef for (0.9,0.95,0.99); the code to begin with is for the second of them
  --threads <a,b,...>     thread counts to build with (1 and all cores)
  --quantization <a,b>    int8, none (both)
  --rounds <n>            times that every setting is measured (3)
  --json                  print everything that was measured as JSON`

const metrics = ['cosine', 'l2', 'ip'] as const
const quantizations = ['int8', 'none'] as const

export function readBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string' },
      queries: { type: 'string' },
      metric: { type: 'string', default: 'cosine' },
      dimension: { type: 'string' },
      limit: { type: 'string' },
      k: { type: 'string', default: '10' },
      recall: { type: 'string', default: '0.9,0.95,0.99' },
      threads: {
        type: 'string',
        default: [...new Set([1, Math.min(availableParallelism(), mostThreads)])].join(','),
      },
      quantization: { type: 'string', default: 'int8,none' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  })
  if (values.data === undefined) throw new UsageError('--data is missing; expected a file of vectors')
  const optional = (name: 'dimension' | 'limit') => {
    const text = values[name]
    return text === undefined ? undefined : wholeNumber(name, text)
  }
  return {
    data: values.data,
    queries: values.queries,
    metric: choice('metric', values.metric, metrics),
    dimension: optional('dimension'),
    limit: optional('limit'),
    k: wholeNumber('k', values.k),
    recalls: list(values.recall, (text) => share('recall', text)),
    threads: list(values.threads, threadCount).sort((a, b) => a - b),
    quantizations: list(values.quantization, (text) => choice('quantization', text, quantizations)),
    rounds: wholeNumber('rounds', values.rounds),
    isJson: values.json,
  }
}

const list = <T>(text: string, read: (part: string) => T): T[] => [
  ...new Set(text.split(',').map((part) => read(part.trim()))),
]

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (text !== '' && Number.isSafeInteger(value) && value > 0) return value
  throw new UsageError(`--${name} is '${text}'; expected a whole number above 0`)
}

function threadCount(text: string): number {
  const count = wholeNumber('threads', text)
  if (count <= mostThreads) return count
  throw new UsageError(`--threads is '${text}'; expected ${mostThreads} at most`)
}

function share(name: string, text: string): number {
  const value = Number(text)
  if (text !== '' && value > 0 && value <= 1) return value
  throw new UsageError(`--${name} is '${text}'; expected a number above 0, at most 1`)
}

function choice<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((candidate) => candidate === text)
  if (found !== undefined) return found
  throw new UsageError(`--${name} is '${text}'; expected one of ${choices.join(', ')}`)
}
