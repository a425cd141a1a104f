import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runNode } from '../support/child.ts'

const root = resolve(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const snippets = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string)

// What the comments behind `console.log(...)` say is printed; `...` stands for more digits.
const promised = (code: string) =>
  [...code.matchAll(/console\.log\(.*\) \/\/ (.*)/g)].map((match) => normal(match[1] as string))

/** However Node breaks lines, and whether or not it says how long an array is. */
function normal(printed: string): string {
  return printed
    .replace(/Array\(\d+\)/g, 'Array')
    .replace(/\s+/g, ' ')
    .replace(/([[{]) | (?=[\]}])/g, '$1')
    .trim()
}

const pattern = (line: string) => line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\\.\\.\\.', '\\d*')

describe('the README', () => {
  test('has snippets', () => {
    expect(snippets.length).toBeGreaterThanOrEqual(4)
    expect(snippets.flatMap(promised).length).toBeGreaterThanOrEqual(8)
  })

  test.each(snippets.map((code, index) => ({ code, index })))(
    'snippet $index runs as printed',
    async ({ code, index }) => {
      const folder = join(root, 'build', 'readme')
      mkdirSync(folder, { recursive: true })
      const file = join(folder, `snippet-${index}.mts`)
      writeFileSync(file, code)
      const { code: exitCode, stdout } = await runNode(['--import', 'tsx', file])
      expect(exitCode).toBe(0)
      expect(normal(stdout)).toMatch(new RegExp(promised(code).map(pattern).join('.*')))
    },
  )
})
