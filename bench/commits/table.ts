import { spread } from '../ann/figures-of.ts'
import { type Cell, markdownTable, rounded } from '../ann/markdown.ts'
import { durabilityModes } from './durability.ts'
import type { CommitResults } from './measure.ts'

const ms = (seconds: number) => `${Number((seconds * 1e3).toPrecision(2)).toLocaleString('en-US')} ms`

/** As Markdown: medians of the rounds, and of the ratios within each. */
export function commitsTable(all: readonly CommitResults[]): string {
  return markdownTable(
    ['set', 'rows', 'new', 'commit', 'save of everything', 'times as long'],
    all.map(({ set, newRows, rounds }) => {
      const of = (figure: (round: (typeof rounds)[number]) => number) => spread(rounds.map(figure)).median
      return [
        set.name,
        set.rows.toLocaleString('en-US'),
        newRows.toLocaleString('en-US'),
        ms(of(({ commitSeconds }) => commitSeconds)),
        ms(of(({ saveSeconds }) => saveSeconds)),
        `${of(({ commitSeconds, saveSeconds }) => saveSeconds / commitSeconds).toFixed(0)}x`,
      ]
    }),
  )
}

/** Vectors per second that are durable when their add has resolved, medians of the rounds. */
export const durabilityTable = (all: readonly CommitResults[]): string =>
  markdownTable(
    ['set', 'vectors per add', 'adding at once', 'nothing committed', 'a commit after each', 'with the log'],
    all.flatMap(({ set, durability = [] }) =>
      (durability[0] ?? [])
        .filter(({ mode }) => mode === 'none')
        .map(({ batchRows, callers }): Cell[] => [
          set.name,
          String(batchRows),
          String(callers),
          ...durabilityModes.map((wanted) => {
            const speeds = durability
              .flat()
              .filter(
                (point) =>
                  point.mode === wanted && point.batchRows === batchRows && point.callers === callers,
              )
              .map(({ vectorsPerSecond }) => vectorsPerSecond)
            return speeds.length === 0 ? undefined : rounded(spread(speeds).median)
          }),
        ]),
    ),
  )
