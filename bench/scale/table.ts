/** The figures as Markdown: for the documentation, and for a terminal. */

import { spread } from '../ann/figures-of.ts'
import type { LoadTimes } from '../ann/load-once.ts'
import { type Cell, markdownTable } from '../ann/markdown.ts'
import { shareOfReading } from '../ann/persistence-table.ts'
import { buildCpuMicroseconds, buildMicroseconds, growth, queryEf, queryMicroseconds } from './figures.ts'
import type { ScaleResults, ScaleSize } from './measure.ts'

const rounded = (value: number | undefined) =>
  value === undefined ? '–' : Number(value.toPrecision(3)).toLocaleString('en-US')

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

export function scaleTable(results: ScaleResults): string {
  const { sizes, parameters, machine } = results
  const points = growth(results)
  const head = [
    'vectors',
    'log n',
    'build, us/vector',
    'in processor time',
    'query at 0.95, us',
    'at 0.99, us',
    'ef at 0.95',
    'bytes/vector',
  ]
  /** With how many times the smallest size's in brackets. */
  const beside = (series: string, rows: number, value: number | undefined) => {
    const factor = points.find((point) => point.series === series && point.rows === rows)?.factor
    return factor === undefined || rows === sizes[0]?.rows
      ? rounded(value)
      : `${rounded(value)} (${factor.toFixed(2)}x)`
  }
  return [
    `Clustered vectors of ${parameters.dimension} dimensions, l2, one segment, builds with ${parameters.threads} threads, ${machine.cpu ?? 'unknown CPU'}:`,
    '',
    row(head),
    row(head.map(() => '---:')),
    ...sizes.map((size) =>
      row([
        size.rows.toLocaleString('en-US'),
        `${(points.find(({ series, rows }) => series === 'log n' && rows === size.rows)?.factor ?? 1).toFixed(2)}x`,
        rounded(buildMicroseconds(size)),
        beside('build', size.rows, buildCpuMicroseconds(size)),
        beside('query at 0.95', size.rows, queryMicroseconds(size, 0.95)),
        beside('query at 0.99', size.rows, queryMicroseconds(size, 0.99)),
        beside('ef at 0.95', size.rows, queryEf(size, 0.95)),
        rounded(size.bytesPerVector),
      ]),
    ),
  ].join('\n')
}

const milliseconds = (seconds: readonly number[]): Cell =>
  seconds.length === 0 ? undefined : rounded(spread(seconds).median * 1e3)

/** Saving, loading whole, and the first answer from mapped files; the system has them in memory, or has been made to forget them. */
export function scaleFilesTable({ sizes }: ScaleResults): string {
  const times = ({ persistence = [] }: ScaleSize, way: string, pageCache: LoadTimes['pageCache']) =>
    persistence.flatMap(({ loads }) =>
      loads.filter((load) => load.way === way && load.pageCache === pageCache),
    )
  return markdownTable(
    [
      ...['vectors', 'MB', 'save, ms', 'load warm, ms', 'of reading', 'load cold, ms', 'of reading'],
      ...['mapped, first answer warm, ms', 'cold'],
    ],
    sizes.map((size) => [
      size.rows.toLocaleString('en-US'),
      rounded((size.persistence?.[0]?.diskBytes ?? Number.NaN) / 1e6),
      milliseconds(size.persistence?.flatMap(({ saveSeconds }) => saveSeconds ?? []) ?? []),
      ...(['warm', 'cold'] as const).flatMap((pageCache) => [
        milliseconds(times(size, 'memory', pageCache).map(({ loadSeconds }) => loadSeconds)),
        shareOfReading(size.persistence ?? [], 'memory', pageCache),
      ]),
      ...(['warm', 'cold'] as const).map((pageCache) =>
        milliseconds(times(size, 'mapped', pageCache).map(({ firstAnswerSeconds }) => firstAnswerSeconds)),
      ),
    ]),
  )
}
