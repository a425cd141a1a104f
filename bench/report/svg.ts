/** The page's figures as SVG files that stand alone, for the README: no browser draws them. */
import { readFileSync } from 'node:fs'
import { parseHTML } from 'linkedom'
import type { BenchResults } from '../ann/results.ts'
import type { ScaleResults } from '../scale/measure.ts'
import { growthLines } from './growth-plot.ts'
import { firstAnswerRows, underLoadRows } from './plot-data.ts'
import { buildBars, type Canvas, type Figure, firstAnswerBars, recallCurves, underLoadBars } from './plots.ts'

const width = 760
/** The custom properties and nothing else of the page's style sheet, light and dark. */
const colors = [
  ...readFileSync(new URL('page/page.css', import.meta.url), 'utf8').matchAll(/^ *--[\w-]+: #\w+;$/gm),
].map(([line]) => line.trim())
const half = colors.length / 2
const style = `svg{color:var(--ink);${colors.slice(0, half).join('')}}@media(prefers-color-scheme:dark){svg{${colors.slice(half).join('')}}}`

function standalone<Results>(
  draw: (results: Results, canvas: Canvas) => Figure,
  results: Results,
  title: string,
) {
  const { document } = parseHTML('<html><body></body></html>')
  const svg = draw(results, { width, document: document as unknown as Document, hasLegend: true })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  const text = svg.outerHTML
    .replace('>', `><title>${title}</title><style>${style}</style>`)
    // Sixteen digits of a coordinate are of use to nobody. What is between elements is text, and stays.
    .replace(/="[^"]*"/g, (value) =>
      value.replace(/-?\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2)))),
    )
  return `${text}\n`
}

/** How building and searching grow. */
export const growthFigure = (results: ScaleResults): string =>
  standalone(growthLines, results, 'What building and searching take over the number of vectors')

/** By the figure's name, which is part of its file's. */
export function svgFigures(results: BenchResults): Map<string, string> {
  const { name } = results.set
  return new Map([
    ['recall', standalone(recallCurves, results, `${name}: queries per second over recall`)],
    ['build', standalone(buildBars, results, `${name}: vectors per second of a build`)],
    ...(firstAnswerRows(results).length === 0
      ? []
      : [
          [
            'first-answer',
            standalone(firstAnswerBars, results, `${name}: milliseconds until a stored index answers`),
          ] as const,
        ]),
    ...(underLoadRows(results).length === 0
      ? []
      : [
          [
            'under-load',
            standalone(underLoadBars, results, `${name}: latency of a search beside other work`),
          ] as const,
        ]),
  ])
}
