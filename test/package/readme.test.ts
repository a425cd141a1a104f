import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runNode } from '../support/child.ts'

const root = resolve(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const snippets = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string)

describe('the README', () => {
  test('has snippets', () => {
    expect(snippets.length).toBeGreaterThanOrEqual(4)
  })

  test.each(snippets.map((code, index) => ({ code, index })))(
    'snippet $index runs as printed',
    async ({ code, index }) => {
      const folder = join(root, 'build', 'readme')
      mkdirSync(folder, { recursive: true })
      const file = join(folder, `snippet-${index}.mts`)
      writeFileSync(file, code)
      expect(await runNode(['--import', 'tsx', file])).toMatchObject({ code: 0 })
    },
  )
})
