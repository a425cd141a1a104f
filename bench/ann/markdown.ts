/** What has no figure is a dash. */
export type Cell = string | undefined

/** Three digits, thousands apart. */
export const rounded = (value: number | undefined): Cell =>
  value === undefined ? undefined : Number(value.toPrecision(3)).toLocaleString('en-US')

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

/** The first column to the left, the others to the right. */
export const markdownTable = (head: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [
    row(head),
    row(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map((cells) => row(cells.map((cell) => cell ?? '–'))),
  ].join('\n')
