/**
 * Writes the README's figures from the committed results, between its markers.
 *
 *   node --import tsx bench/ann/figures.ts [--name reference] [--check]
 *
 * `--check` writes nothing and exits with 1 when README and results disagree.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { figuresTable } from './figures-table.ts'
import type { BenchResults } from './results.ts'

const { values: options } = parseArgs({
  options: { name: { type: 'string', default: 'reference' }, check: { type: 'boolean', default: false } },
})
const resultsFolder = fileURLToPath(new URL('../results/', import.meta.url))
const readmePath = fileURLToPath(new URL('../../README.md', import.meta.url))
const start = '<!-- figures -->'
const end = '<!-- /figures -->'

function readResults(): Map<string, BenchResults> {
  const files = readdirSync(resultsFolder)
    .filter((file) => file.startsWith(`${options.name}-`) && file.endsWith('.json'))
    .sort()
  return new Map(files.map((file) => [file, JSON.parse(readFileSync(resultsFolder + file, 'utf8'))]))
}

function withFigures(readme: string, figures: string): string {
  const from = readme.indexOf(start)
  const to = readme.indexOf(end)
  if (from < 0 || to < from) throw new Error(`README.md lacks the markers ${start} and ${end}`)
  return `${readme.slice(0, from + start.length)}\n${figures}\n${readme.slice(to)}`
}

const readme = readFileSync(readmePath, 'utf8')
const wanted = withFigures(readme, figuresTable(readResults()))
if (!options.check) writeFileSync(readmePath, wanted)
else if (wanted !== readme) {
  console.error('README.md and bench/results disagree; run: node --import tsx bench/ann/figures.ts')
  process.exitCode = 1
}
