import { table } from '../table.ts'
import type { Measurement } from './measure.ts'
import { median, type Recommendation } from './recommend.ts'

/** What the tables are about. */
export interface Subject {
  readonly data: string
  readonly rows: number
  readonly dimension: number
  readonly metric: string
  readonly k: number
  readonly queryCount: number
  readonly queriesFrom: string
}

const rounded = (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US')

const withSpread = (values: readonly number[]) =>
  `${rounded(median(values))} (${rounded(Math.min(...values))}..${rounded(Math.max(...values))})`

export function describe(subject: Subject, measurement: Measurement, advice: Recommendation): string {
  const { data, rows, dimension, metric, k, queryCount, queriesFrom } = subject
  const builds = measurement.builds.map(({ quantization, threads, vectorsPerSecond }) => [
    quantization,
    String(threads),
    withSpread(vectorsPerSecond),
    rounded(measurement.bytesPerVector[quantization] as number),
  ])
  const searches = measurement.searches.map(({ quantization, ef, recall, queriesPerSecond, latencyMs }) => [
    quantization,
    String(ef),
    recall.toFixed(4),
    withSpread(queriesPerSecond),
    `${median(latencyMs.map((latency) => latency.median)).toFixed(3)} ms`,
    `${median(latencyMs.map((latency) => latency.p99)).toFixed(3)} ms`,
  ])
  const choices = advice.choices.map(({ recall, setting }) =>
    setting === undefined
      ? [String(recall), 'not reached']
      : [
          String(recall),
          setting.quantization,
          String(setting.ef),
          setting.recall.toFixed(4),
          rounded(median(setting.queriesPerSecond)),
          `${(median(setting.queriesPerSecond) / measurement.exactQueriesPerSecond).toFixed(1)}x`,
        ],
  )
  return [
    `${data}: ${rows.toLocaleString('en-US')} vectors of ${dimension}, ${metric}; k ${k}, ${queryCount} queries (${queriesFrom})`,
    `\nBuild: median of the rounds, and the slowest and fastest`,
    table(['quantization', 'threads', 'vectors/s', 'bytes/vector'], builds),
    `\nSearch, one query after the other on one thread; the exact scan makes ${rounded(measurement.exactQueriesPerSecond)} queries/s`,
    table(['quantization', 'ef', 'recall', 'queries/s', 'median', 'p99'], searches),
    `\nFastest setting that reaches a recall`,
    table(['recall', 'quantization', 'ef', 'measured', 'queries/s', 'than exact'], choices),
    `\n${inCode(subject, advice)}`,
  ].join('\n')
}

const byRecall = 'or, so that the index finds the ef by itself, also when it has grown:'

function inCode({ dimension, metric, k }: Subject, { parameters }: Recommendation): string {
  if (parameters === undefined) {
    return 'No setting reaches that recall; search with { exact: true }, or raise M and efConstruction.'
  }
  const { quantization, recall, ef, threads } = parameters
  return [
    'To begin with:',
    `  const index = new VectorIndex({ dimension: ${dimension}, metric: '${metric}', quantization: '${quantization}', threads: ${threads} })`,
    `  await index.search(query, { k: ${k}, ef: ${ef} })`,
    ...(recall < 1 ? [byRecall, `  await index.search(query, { k: ${k}, recall: ${recall} })`] : []),
  ].join('\n')
}
