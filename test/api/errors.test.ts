import { resolve } from 'node:path'
import { errorCodes, SegvecError, VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { runNode } from '../support/child.ts'
import { expectRejection } from '../support/failures.ts'

describe('SegvecError', () => {
  test('is an Error with a name, a code and a cause', () => {
    const cause = new Error('deeper')
    const error = new SegvecError('INTERNAL', 'broken', { cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'SegvecError', code: 'INTERNAL', message: 'broken', cause })
    expect(String(error)).toBe('SegvecError: broken')
  })

  test('names the system call that failed, when one did', () => {
    const call = { syscall: 'write', path: '/index/MANIFEST-1', errno: 28 }
    expect(new SegvecError('IO', 'disk full', call)).toMatchObject(call)
    expect(Object.keys(new SegvecError('CORRUPT', 'damaged'))).not.toContain('syscall')
  })

  test('keeps its code in a realm of its own, as under Jest', async () => {
    const program = resolve(import.meta.dirname, '../lifecycle/programs/in-another-realm.mjs')
    const { code, stdout } = await runNode(['--experimental-vm-modules', '--no-warnings', program])
    const [outcome, afterClose] = stdout.trim().split('\n')
    expect(JSON.parse(outcome ?? '')).toEqual({
      errorIsOurs: false,
      hits: [{ id: 1, distance: 0 }],
      duplicate: 'DUPLICATE_ID',
      invalid: 'INVALID_VECTOR',
      notFound: 'NOT_FOUND',
    })
    expect(afterClose).toBe('CLOSED')
    expect(code).toBe(0)
  })

  test('codes are distinct', () => {
    expect(new Set(errorCodes).size).toBe(errorCodes.length)
  })

  test.each([
    ['search', (index: VectorIndex) => index.search([0, 0])],
    ['search, refused early', (index: VectorIndex) => index.search([0])],
    ['searchBatch', (index: VectorIndex) => index.searchBatch([[0, 0]])],
    ['add', (index: VectorIndex) => index.add(1, [0, 0])],
    [
      'add, refused late',
      (index: VectorIndex) =>
        index.add(
          [1, 1],
          [
            [1, 1],
            [1, 2],
          ],
        ),
    ],
  ])('from %s has the caller in its stack', async (_, call) => {
    const index = new VectorIndex({ dimension: 2 })
    async function namedCaller() {
      await call(index)
    }
    const outcome = await namedCaller().catch((error: unknown) => error)
    expect(outcome).toBeInstanceOf(SegvecError)
    expect((outcome as SegvecError).stack).toContain('namedCaller')
  })

  test('messages of long values are short', async () => {
    const index = new VectorIndex({ dimension: 1, idType: 'string' })
    const long = `${'y'.repeat(1_000_000)}`
    expect((await expectRejection(() => index.add(long, [1]), 'INVALID_ID')).message.length).toBeLessThan(300)
    await index.add('z'.repeat(60_000), [1])
    const twice = await expectRejection(() => index.add('z'.repeat(60_000), [1]), 'DUPLICATE_ID')
    expect(twice.message.length).toBeLessThan(300)
  })
})
