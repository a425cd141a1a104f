/** Pieces of the page's HTML. */
import type { Spread } from '../ann/figures-of.ts'

export const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)

export const rounded = (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US')

export const cell = (figure: Spread | undefined) =>
  figure === undefined
    ? '–'
    : `<span title="${rounded(figure.minimum)} to ${rounded(figure.maximum)}">${rounded(figure.median)}</span>`

export const single = (value: number | undefined) => (value === undefined ? '–' : rounded(value))

/** A place that the page's script draws a figure into. */
export const figure = (name: string, title: string, caption: string) =>
  `<figure><h3>${title}</h3><div data-figure="${name}"></div><figcaption>${caption}</figcaption></figure>`

/** A table that scrolls sideways where it has to; cells are HTML. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: string) =>
    row.map((html) => `<${tag}>${html}</${tag}>`).join('')
  const body = rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n')
  return `<div class="scroll"><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${body}</tbody></table></div>`
}
