/** The figures as Markdown: for the documentation, and for a terminal. */
import type { Ratio } from '../ann/figures-of.ts'
import { countsOf, mergeShare, shareOfOne, shareWhenMerged, timeToFullSpeed } from './figures.ts'
import type { SegmentsResults } from './measure.ts'

const cell = (figure: Ratio | undefined) => (figure === undefined ? '–' : figure.estimate.toFixed(2))

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

/** Every figure is a ratio to one segment of the same round. */
export function segmentsTable(results: SegmentsResults): string {
  const { set, parameters, rounds, machine } = results
  const head = [
    'segments',
    'queries/s at 0.95',
    'at 0.99',
    'merged, at 0.95',
    'at 0.99',
    'merge : build of one',
    'in processor time',
    'build and merge',
  ]
  const lines = countsOf(results)
    .filter((segments) => segments > 1)
    .map((segments) =>
      row([
        String(segments),
        ...[0.95, 0.99].map((recall) => cell(shareOfOne(results, segments, recall))),
        ...[0.95, 0.99].map((recall) => cell(shareWhenMerged(results, segments, recall))),
        cell(mergeShare(results, segments, 'seconds')),
        cell(mergeShare(results, segments, 'cpuSeconds')),
        cell(timeToFullSpeed(results, segments)),
      ]),
    )
  return [
    `**${set.name}**, ${set.rows.toLocaleString('en-US')} x ${set.dimension}, ${set.metric}; ${rounds.length} rounds, ${parameters.threads} threads, ${machine.cpu ?? 'unknown CPU'}:`,
    '',
    row(head),
    row(head.map(() => '---:')),
    ...lines,
  ].join('\n')
}
