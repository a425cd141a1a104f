/**
 * Writes what the documentation quotes from the committed results: the tables between their markers, and the figures of
 * docs/figures as SVG.
 *
 *   node --import tsx bench/ann/figures.ts [--name reference] [--check]
 *
 * `--check` writes nothing and exits with 1 when a file and the results disagree.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { storedResults } from '../report/stored-results.ts'
import { growthFigure, svgFigures } from '../report/svg.ts'
import type { ScaleResults } from '../scale/measure.ts'
import { documents } from './documents.ts'
import type { BenchResults } from './results.ts'

const { values: options } = parseArgs({
  options: { name: { type: 'string', default: 'reference' }, check: { type: 'boolean', default: false } },
})
const projectFolder = fileURLToPath(new URL('../../', import.meta.url))
const figuresFolder = 'docs/figures'

/** The text with what stands between `<!-- name -->` and `<!-- /name -->` replaced. */
function withBlock(file: string, text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${file} lacks the markers ${start} and ${end}`)
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`
}

const reference = storedResults<BenchResults>(options.name)
const wanted = new Map<string, string>()
for (const [file, blocks] of documents(reference)) {
  let text = readFileSync(projectFolder + file, 'utf8')
  for (const [name, content] of blocks) text = withBlock(file, text, name, content)
  wanted.set(file, text)
}
for (const run of reference.values()) {
  for (const [name, svg] of svgFigures(run)) wanted.set(`${figuresFolder}/${run.set.name}-${name}.svg`, svg)
}
for (const scale of storedResults<ScaleResults>('scale').values()) {
  wanted.set(`${figuresFolder}/scale.svg`, growthFigure(scale))
}

mkdirSync(projectFolder + figuresFolder, { recursive: true })
const stale = readdirSync(projectFolder + figuresFolder)
  .map((file) => `${figuresFolder}/${file}`)
  .filter((file) => !wanted.has(file))
const differing = [...wanted.keys()].filter(
  (file) =>
    !existsSync(projectFolder + file) || readFileSync(projectFolder + file, 'utf8') !== wanted.get(file),
)

if (!options.check) {
  for (const file of stale) rmSync(projectFolder + file)
  for (const file of differing) writeFileSync(projectFolder + file, wanted.get(file) as string)
} else if (stale.length + differing.length > 0) {
  console.error(`${[...differing, ...stale].join(', ')}: not what bench/results says`)
  console.error('run: node --import tsx bench/ann/figures.ts')
  process.exitCode = 1
}
