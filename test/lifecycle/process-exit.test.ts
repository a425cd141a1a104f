import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runNode } from '../support/child.ts'

const run = (operation: string, ending: string) =>
  runNode([resolve(import.meta.dirname, 'programs/exit.mjs'), operation, ending])

describe.each(['add', 'search', 'searchBatch', 'close', 'nothing'])('in the middle of %s', (operation) => {
  test('process.exit ends the process with its code, and without a word', async () => {
    expect(await run(operation, 'exit')).toEqual({ code: 7, signal: null, stdout: '', stderr: '' })
  })

  test('an uncaught exception ends it as it always does', async () => {
    const { code, signal, stderr } = await run(operation, 'exception')
    expect({ code, signal }).toEqual({ code: 1, signal: null })
    expect(stderr).toContain('Error: uncaught')
  })
})

test('a signal ends it', async () => {
  expect(await run('add', 'signal')).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' })
})

test.each(['search', 'nothing'])(
  '%s: what is in flight is waited for, an idle index is not',
  async (operation) => {
    expect(await run(operation, 'natural')).toEqual({ code: 0, signal: null, stdout: 'done\n', stderr: '' })
  },
)
