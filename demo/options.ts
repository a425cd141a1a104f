import { readFileSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { defaultQuestions } from './questions.ts'

export const helpText = `Indexes the documentation and type declarations of the installed packages with segvec, answers questions about
them, measures speed and recall, and writes a map of them as one HTML page.

  npm run demo -- [options]

  --folder <path>      read this folder of .md and .d.ts files as well; repeatable
  --limit <count>      index at most this many chunks, taken at even distances
  --question <text>    answer this question instead of the built-in ones; repeatable
  --questions <file>   answer the questions of this file, one per line
  --output <file>      where to write the page (./demo-report.html)
  --help               show this text
`

export interface DemoOptions {
  readonly folders: readonly string[]
  readonly limit?: number
  readonly questions: readonly string[]
  readonly output: string
}

/** What the command line asks for; `'help'` if it asks for that. @throws `TypeError` saying what is wrong with it. */
export function readOptions(args: readonly string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      folder: { type: 'string', multiple: true, default: [] },
      limit: { type: 'string' },
      question: { type: 'string', multiple: true, default: [] },
      questions: { type: 'string' },
      output: { type: 'string', default: 'demo-report.html' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  const asked = [...values.question, ...(values.questions === undefined ? [] : linesOf(values.questions))]
  return {
    folders: values.folder.map(folderOf),
    ...(values.limit === undefined ? {} : { limit: countOf(values.limit) }),
    questions: asked.length > 0 ? asked : defaultQuestions,
    output: values.output,
  }
}

function countOf(value: string): number {
  const count = Number(value)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new TypeError(`--limit is '${value}'; expected a whole number above 0`)
}

function folderOf(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path
  throw new TypeError(`--folder is '${path}'; expected a folder`)
}

function linesOf(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
    throw new TypeError(`--questions is '${path}'; expected a file with one question per line`)
  }
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.length > 0)
}
