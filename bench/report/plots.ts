/**
 * The figures, drawn the same way by the page in a browser and by the script that writes the README's SVG files. Colors are
 * CSS variables, so that light and dark are the style sheet's business.
 */
import * as Plot from '@observablehq/plot'
import type { ParallelResults } from '../ann/parallel.ts'
import type { BenchResults } from '../ann/results.ts'
import {
  type BarRow,
  batchRows,
  buildRows,
  type CurvePoint,
  curve,
  delayRows,
  firstAnswerRows,
  gridCells,
  latencyRows,
  memoryRows,
  mostRecall,
  shownPeers,
  speedUpRows,
  underLoadRows,
} from './plot-data.ts'

export interface Canvas {
  readonly width: number
  /** Where there is no browser. */
  readonly document?: Document
  /** Peers' names beside the curves, for pictures that stand alone. */
  readonly hasLegend?: boolean
  /** Peers not to draw. */
  readonly hidden?: ReadonlySet<string>
}

export type Figure = SVGSVGElement | HTMLElement

const colorCount = 14
const grouped = (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US')
const short = (value: number) =>
  value >= 10_000 ? `${Number((value / 1000).toPrecision(3))}k` : String(Number(value.toPrecision(3)))

/** A peer's color is that of its place in the run, in every figure. */
export function colorOf(results: BenchResults, peer: string): string {
  const place = results.peers.findIndex(({ name }) => name === peer)
  return `var(--series-${place % colorCount})`
}

/** What all figures have in common. */
export const surface = (canvas: Canvas) => ({
  width: canvas.width,
  ...(canvas.document === undefined ? {} : { document: canvas.document }),
  style: { background: 'transparent', fontSize: '12px', overflow: 'visible' },
})

/** Half the misses are one step to the right: the way to 0.999 is as long as that from 0.9 to 0.99. */
const position = (recall: number) => -Math.log10(1 - Math.min(recall, mostRecall))
const leastRecall = 0.8
/** Here two labels would run into each other. */
const narrow = 480
const ticks = [0.8, 0.9, 0.95, 0.99, 0.999, 1]

/** Queries per second over recall: farther up and to the right is better. */
export function recallCurves(results: BenchResults, canvas: Canvas): Figure {
  const peers = shownPeers(results).filter(({ name }) => !canvas.hidden?.has(name))
  const points = peers.flatMap(curve).filter(({ recall }) => recall >= leastRecall)
  const color = (peer: string) => colorOf(results, peer)
  const x = (point: CurvePoint) => position(point.recall)
  const legend = legendRows(results, peers)
  const legendWidth = Math.max(...legend.map(({ name }) => name.length), 0) * 6.6 + 20
  return Plot.plot({
    ...surface(canvas),
    height: Math.max(260, Math.min(420, canvas.width * 0.6)),
    marginLeft: 48,
    marginRight: canvas.hasLegend ? legendWidth : 12,
    x: {
      label: 'recall@k →',
      domain: [position(leastRecall), position(1)],
      ticks: ticks.map(position),
      tickFormat: (_: number, i: number) =>
        canvas.width < narrow && ticks[i] === 0.9 ? '' : String(ticks[i]),
    },
    y: { type: 'log', label: '↑ queries/s, one thread', tickFormat: short, grid: true },
    marks: [
      Plot.ruleX([0.9, 0.95, 0.99, 0.999].map(position), { stroke: 'var(--line)' }),
      Plot.line(points, {
        x,
        y: 'queriesPerSecond',
        z: 'peer',
        stroke: (point: CurvePoint) => color(point.peer),
        strokeWidth: (point: CurvePoint) => (point.peer === 'segvec' ? 3 : 1.6),
      }),
      Plot.dot(points, {
        x,
        y: 'queriesPerSecond',
        r: 2.4,
        fill: (point: CurvePoint) => color(point.peer),
      }),
      ...(canvas.hasLegend ? legend.map(({ name, row }) => legendMark(name, row, color(name))) : []),
      ...(canvas.document === undefined
        ? [
            Plot.tip(
              points,
              Plot.pointer({ x, y: 'queriesPerSecond', title: describePoint, fill: 'var(--surface)' }),
            ),
          ]
        : []),
    ],
  })
}

const describePoint = ({ peer, recall, queriesPerSecond, ef, variant }: CurvePoint) =>
  `${peer}${variant === '' ? '' : `, ${variant}`}\n${grouped(queriesPerSecond)} queries/s at recall ${recall.toFixed(4)}\nef ${ef}`

/** In the order in which the curves lie above each other, at the recall that most peers reach. */
function legendRows(_: BenchResults, peers: ReturnType<typeof shownPeers>): { name: string; row: number }[] {
  const speedNear = (peer: (typeof peers)[number]) =>
    curve(peer).find(({ recall }) => recall >= 0.95)?.queriesPerSecond ?? 0
  return [...peers].sort((a, b) => speedNear(b) - speedNear(a)).map(({ name }, row) => ({ name, row }))
}

const legendMark = (name: string, row: number, color: string) =>
  Plot.text([name], {
    frameAnchor: 'top-right',
    textAnchor: 'start',
    dx: 14,
    dy: 4 + row * 17,
    fill: color,
    fontWeight: name === 'segvec' ? 'bold' : 'normal',
    text: (text: string) => text,
  })

interface BarStyle {
  readonly label: string
  readonly isLog?: boolean
  readonly format?: (value: number) => string
}

/** Peers under each other, a bar for each kind of figure, with lines from the least to the most of the rounds. */
function bars(rows: readonly BarRow[], results: BenchResults, canvas: Canvas, style: BarStyle): Figure {
  const kinds = [...new Set(rows.map(({ kind }) => kind))]
  const peers = [...new Set(rows.map(({ peer }) => peer))]
  const format = style.format ?? grouped
  const barHeight = kinds.length > 1 ? 15 : 20
  const marginLeft = Math.min(150, Math.max(...peers.map((peer) => peer.length), 4) * 7 + 10)
  return Plot.plot({
    ...surface(canvas),
    height: peers.length * (kinds.length * barHeight + 8) + 58,
    marginLeft,
    marginRight: Math.max(72, 42 + Math.max(...kinds.map((kind) => kindMark(kind).length)) * 6),
    marginTop: 8,
    marginBottom: 42,
    x: {
      label: `${style.label} →`,
      grid: true,
      tickFormat: short,
      ticks: Math.max(2, Math.floor((canvas.width - marginLeft) / 90)),
      ...(style.isLog ? { type: 'log' as const } : {}),
    },
    y: { axis: null, domain: kinds, padding: 0.12 },
    fy: { label: null, domain: peers, padding: 0.18, axis: 'left' as const },
    marks: [
      Plot.barX(rows, {
        ...(style.isLog ? { x1: leastOf(rows), x2: 'median' } : { x: 'median' }),
        y: 'kind',
        fy: 'peer',
        fill: (row: BarRow) => colorOf(results, row.peer),
        fillOpacity: (row: BarRow) => (row.kind === kinds[0] ? 1 : 0.55),
      }),
      Plot.ruleY(
        rows.filter(({ minimum, maximum }) => maximum > minimum),
        { x1: 'minimum', x2: 'maximum', y: 'kind', fy: 'peer', stroke: 'currentColor', strokeWidth: 1 },
      ),
      Plot.text(rows, {
        x: 'maximum',
        y: 'kind',
        fy: 'peer',
        text: (row: BarRow) =>
          kinds.length > 1 ? `${format(row.median)} ${kindMark(row.kind)}` : format(row.median),
        textAnchor: 'start',
        dx: 4,
        fontSize: 10,
      }),
    ],
  })
}

/** Bars on a logarithmic scale have to begin somewhere: a decade below the least. */
const leastOf = (rows: readonly BarRow[]) =>
  10 ** Math.floor(Math.log10(Math.min(...rows.map(({ minimum }) => minimum))) - 0.3)

const kindMark = (kind: string) => (kind === 'all threads' ? 'all' : kind === '1 thread' ? '1' : kind)

export const buildBars = (results: BenchResults, canvas: Canvas): Figure =>
  bars(buildRows(results), results, canvas, { label: 'vectors/s, 1 thread and all' })

export const memoryBars = (results: BenchResults, canvas: Canvas): Figure =>
  bars(memoryRows(results), results, canvas, { label: 'bytes per vector' })

export const batchBars = (results: BenchResults, canvas: Canvas): Figure =>
  bars(batchRows(results), results, canvas, { label: 'queries/s, one call, all threads' })

const milliseconds = (value: number) => `${Number(value.toPrecision(2))} ms`

export const delayBars = (results: BenchResults, canvas: Canvas): Figure =>
  bars(delayRows(results), results, canvas, {
    label: 'largest event loop delay, ms',
    isLog: true,
    format: milliseconds,
  })

export const latencyBars = (results: BenchResults, canvas: Canvas): Figure =>
  bars(latencyRows(results), results, canvas, { label: 'ms', isLog: true, format: milliseconds })

export const firstAnswerBars = (results: BenchResults, canvas: Canvas): Figure =>
  bars(firstAnswerRows(results), results, canvas, {
    label: 'ms until the first answer',
    isLog: true,
    format: milliseconds,
  })

export const underLoadBars = (results: BenchResults, canvas: Canvas): Figure =>
  bars(underLoadRows(results), results, canvas, {
    label: 'p99 of a single search, ms',
    isLog: true,
    format: milliseconds,
  })

/** How many times as fast as one thread, beside what as many cores could give. */
export function speedUp({ scaling, segments = [], cores }: ParallelResults, canvas: Canvas): Figure {
  const rows = speedUpRows(scaling)
  const alone = scaling.filter(({ threads }) => threads === 1)
  const divided = speedUpRows([...alone, ...segments])
  const ideal = rows.map(({ threads }) => ({ threads, median: Math.min(threads, cores) }))
  return Plot.plot({
    ...surface(canvas),
    height: 260,
    marginLeft: 48,
    marginRight: 30,
    x: {
      type: 'log',
      base: 2,
      label: 'workers →',
      ticks: rows.map(({ threads }) => threads),
      tickFormat: String,
    },
    y: {
      label: '↑ times the speed of one thread',
      grid: true,
      domain: [0, Math.max(cores, ...rows.map((row) => row.maximum))],
    },
    marks: [
      Plot.line(ideal, { x: 'threads', y: 'median', stroke: 'var(--muted)', strokeDasharray: '4,4' }),
      Plot.line(divided, {
        x: 'threads',
        y: 'median',
        stroke: 'var(--series-0)',
        strokeOpacity: 0.45,
        strokeWidth: 2,
      }),
      Plot.ruleX(rows, { x: 'threads', y1: 'minimum', y2: 'maximum', stroke: 'var(--series-0)' }),
      Plot.line(rows, { x: 'threads', y: 'median', stroke: 'var(--series-0)', strokeWidth: 2.5 }),
      Plot.dot(rows, { x: 'threads', y: 'median', fill: 'var(--series-0)' }),
      Plot.text(rows, { x: 'threads', y: 'median', text: (row) => `${row.median.toFixed(2)}x`, dy: -12 }),
    ],
  })
}

/** Threads x vectors per call of `add`, in vectors per second: one color all over is a flat optimum. */
export function batchGrid({ grid }: ParallelResults, canvas: Canvas): Figure {
  const cells = gridCells(grid)
  return Plot.plot({
    ...surface(canvas),
    height: 240,
    marginLeft: 64,
    marginBottom: 44,
    x: { type: 'band', label: 'threads →' },
    y: { type: 'band', label: '↑ vectors per call', reverse: true, tickFormat: grouped },
    marks: [
      Plot.cell(cells, {
        x: 'threads',
        y: 'batchRows',
        fill: 'var(--series-0)',
        fillOpacity: (cell) => 0.08 + 0.62 * cell.share ** 3,
        inset: 1,
      }),
      Plot.text(cells, {
        x: 'threads',
        y: 'batchRows',
        text: (cell) => `${short(cell.vectorsPerSecond)}${cell.share === 1 ? ' ★' : ''}`,
      }),
    ],
  })
}
