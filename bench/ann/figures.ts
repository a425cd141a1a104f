/**
 * Writes what the documentation quotes from the committed results: the README's table, between its markers, and the figures
 * of docs/figures as SVG.
 *
 *   node --import tsx bench/ann/figures.ts [--name reference] [--check]
 *
 * `--check` writes nothing and exits with 1 when a file and the results disagree.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { storedResults } from '../report/stored-results.ts'
import { svgFigures } from '../report/svg.ts'
import { figuresTable } from './figures-table.ts'

const { values: options } = parseArgs({
  options: { name: { type: 'string', default: 'reference' }, check: { type: 'boolean', default: false } },
})
const projectFolder = fileURLToPath(new URL('../../', import.meta.url))
const figuresFolder = 'docs/figures'
const start = '<!-- figures -->'
const end = '<!-- /figures -->'

function withFigures(readme: string, figures: string): string {
  const from = readme.indexOf(start)
  const to = readme.indexOf(end)
  if (from < 0 || to < from) throw new Error(`README.md lacks the markers ${start} and ${end}`)
  return `${readme.slice(0, from + start.length)}\n${figures}\n${readme.slice(to)}`
}

const results = storedResults(options.name)
const readme = readFileSync(`${projectFolder}README.md`, 'utf8')
const wanted = new Map([['README.md', withFigures(readme, figuresTable(results))]])
for (const run of results.values()) {
  for (const [name, svg] of svgFigures(run)) wanted.set(`${figuresFolder}/${run.set.name}-${name}.svg`, svg)
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
