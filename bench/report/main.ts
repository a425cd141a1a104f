/**
 * Draws the report from stored results.
 *
 *   npm run bench:report -- [--name reference] [--output bench-report.html]
 */
import { parseArgs } from 'node:util'
import type { BenchResults } from '../ann/results.ts'
import { storedResults } from './stored-results.ts'
import { writeReport } from './write-report.ts'

const { values: options } = parseArgs({
  options: {
    name: { type: 'string', default: 'reference' },
    output: { type: 'string', default: 'bench-report.html' },
  },
})
const runs = [...storedResults<BenchResults>(options.name).values()]
if (runs.length === 0)
  throw new Error(`there are no results of a run called '${options.name}' in bench/results`)
await writeReport(options.output, runs)
console.log(`wrote ${options.output}`)
