/** Writes the stored results of the proofs into docs/reliability.md, between its two marks: `npm run prove:report`. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './native.ts'

interface Stored {
  readonly goal: string
  readonly seed: number
  readonly seconds: number
  readonly commit: string
  readonly node: string
  readonly machine: { readonly cpu: string; readonly cores: number }
  readonly figures: Readonly<Record<string, number | string>>
  readonly violations: readonly string[]
}

const folder = join(root, 'bench/results/reliability')
const page = join(root, 'docs/reliability.md')
const marks = ['<!-- figures -->', '<!-- /figures -->'] as const

/** "nodeAcknowledgedCommits" reads "node acknowledged commits". */
const words = (name: string) =>
  name.replace(/([a-z])([A-Z])(?=[a-z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`)

const text = (value: number | string) => (typeof value === 'number' ? value.toLocaleString('en-US') : value)

/** g2 before g14. */
const order = (goal: string) => (goal.startsWith('g') ? Number(goal.slice(1)) : 100)

const results = readdirSync(folder)
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Stored)
  .sort((a, b) => order(a.goal) - order(b.goal))
const rows = results.map(({ goal, figures, violations, seconds, seed }) => {
  const list = Object.entries(figures).map(([name, value]) => `${words(name)}: ${text(value)}`)
  return `| ${goal} | ${violations.length} | ${list.join('; ')} | ${text(Math.round(seconds))} | ${seed} |`
})
const [first] = results
const lines = [
  `${first?.machine.cpu}, ${first?.machine.cores} cores, Node ${first?.node}; each file names its commit and its sources.`,
  '',
  '| | violations | figures | seconds | seed |',
  '|---|---:|---|---:|---:|',
  ...rows,
]
const before = readFileSync(page, 'utf8')
const begin = before.indexOf(marks[0]) + marks[0].length
writeFileSync(
  page,
  `${before.slice(0, begin)}\n${lines.join('\n')}\n${before.slice(before.indexOf(marks[1]))}`,
)
