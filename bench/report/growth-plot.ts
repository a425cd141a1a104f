import * as Plot from '@observablehq/plot'
import { type GrowthPoint, growth } from '../scale/figures.ts'
import type { ScaleResults } from '../scale/measure.ts'
import { type Canvas, type Figure, surface } from './plots.ts'

const colors: Readonly<Record<string, string>> = {
  build: 'var(--series-0)',
  'query at 0.95': 'var(--series-4)',
  'query at 0.99': 'var(--series-6)',
  'log n': 'var(--muted)',
}
const color = ({ series }: GrowthPoint) => colors[series] ?? 'currentColor'
const isReference = ({ series }: GrowthPoint) => series === 'log n'

/** How many times what the smallest size takes, over the number of vectors, beside its logarithm. */
export function growthLines(results: ScaleResults, canvas: Canvas): Figure {
  const points = growth(results)
  const most = Math.max(...points.map(({ rows }) => rows))
  const at = { x: 'rows', y: 'factor' } as const
  return Plot.plot({
    ...surface(canvas),
    height: 320,
    marginLeft: 48,
    marginRight: 110,
    x: {
      type: 'log',
      label: 'vectors →',
      ticks: results.sizes.map(({ rows }) => rows),
      tickFormat: (rows: number) => rows.toLocaleString('en-US'),
    },
    y: {
      label: '↑ times what the smallest size takes',
      grid: true,
      domain: [0, Math.max(2, ...points.map(({ factor }) => factor))],
    },
    marks: [
      Plot.line(points.filter(isReference), { ...at, stroke: color, strokeDasharray: '4,4' }),
      Plot.line(
        points.filter((point) => !isReference(point)),
        { ...at, z: 'series', stroke: color, strokeWidth: 2 },
      ),
      Plot.dot(
        points.filter((point) => !isReference(point)),
        { ...at, fill: color },
      ),
      Plot.text(
        points.filter(({ rows }) => rows === most),
        {
          ...at,
          text: 'series',
          fill: color,
          textAnchor: 'start',
          dx: 8,
        },
      ),
    ],
  })
}
