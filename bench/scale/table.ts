/** The figures as Markdown: for the documentation, and for a terminal. */
import { buildCpuMicroseconds, buildMicroseconds, growth, queryMicroseconds } from './figures.ts'
import type { ScaleResults } from './measure.ts'

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
        rounded(size.bytesPerVector),
      ]),
    ),
  ].join('\n')
}
