import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { runNode } from '../support/child.ts'

const program = (name: string) => resolve(import.meta.dirname, 'programs', name)

test('workers terminated in the middle of any operation harm nobody', async () => {
  const end = await runNode([program('terminate-workers.mjs')])
  expect(end).toEqual({ code: 0, signal: null, stdout: 'survived\n', stderr: '' })
})

test('the addon outlives the only thread that has loaded it', async () => {
  const end = await runNode([program('only-workers.mjs')])
  expect(end).toEqual({ code: 0, signal: null, stdout: 'survived\n', stderr: '' })
})
