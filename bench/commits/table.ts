import { spread } from '../ann/figures-of.ts'
import type { CommitResults } from './measure.ts'

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const ms = (seconds: number) => `${Number((seconds * 1e3).toPrecision(2)).toLocaleString('en-US')} ms`

/** As Markdown: medians of the rounds, and of the ratios within each. */
export function commitsTable(all: readonly CommitResults[]): string {
  const head = ['set', 'rows', 'new', 'commit', 'save of everything', 'times as long']
  return [
    row(head),
    row(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...all.map(({ set, newRows, rounds }) => {
      const of = (figure: (round: (typeof rounds)[number]) => number) => spread(rounds.map(figure)).median
      return row([
        set.name,
        set.rows.toLocaleString('en-US'),
        newRows.toLocaleString('en-US'),
        ms(of(({ commitSeconds }) => commitSeconds)),
        ms(of(({ saveSeconds }) => saveSeconds)),
        `${of(({ commitSeconds, saveSeconds }) => saveSeconds / commitSeconds).toFixed(0)}x`,
      ])
    }),
  ].join('\n')
}
