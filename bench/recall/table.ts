import type { RecallResults } from './measure.ts'

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const unique = (values: readonly number[]) => [...new Set(values)]

/** The recall that was asked for, and the one that held-out queries got; as Markdown, one row per set and `k`. */
export function recallTable(all: readonly RecallResults[]): string {
  const wanted = unique(all.flatMap(({ points }) => points.map((point) => point.wanted)))
  const head = ['set', 'k', ...wanted.map(String)]
  return [
    row(head),
    row(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...all.flatMap(({ set, points }) =>
      unique(points.map(({ k }) => k)).map((k) =>
        row([
          set.name,
          String(k),
          ...wanted.map(
            (target) =>
              points.find((point) => point.k === k && point.wanted === target)?.measured.toFixed(4) ?? '–',
          ),
        ]),
      ),
    ),
  ].join('\n')
}
