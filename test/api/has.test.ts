import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { expectThrow } from '../support/failures.ts'

const ids = {
  number: [0, 1, 2 ** 32, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER],
  bigint: [0n, 1n, 2n ** 32n + 5n, 2n ** 64n - 1n],
  string: ['', '1', '01', 'é', 'e\u0301', 'x'.repeat(1000)],
}
const absent = { number: [2, 5, 2 ** 33], bigint: [2n, 5n, 2n ** 63n], string: ['0', ' 1', 'E', 'x'] }

describe('has', () => {
  test.each(['number', 'bigint', 'string'] as const)('tells whether an id is there: %s', async (idType) => {
    const index = new VectorIndex<'number' | 'bigint' | 'string'>({ dimension: 1, idType })
    const present = ids[idType]
    for (const id of present) expect(index.has(id)).toBe(false)
    await index.add(
      present as never,
      present.map(() => [1]),
    )
    for (const id of present) expect(index.has(id)).toBe(true)
    for (const id of absent[idType]) expect(index.has(id)).toBe(false)
  })

  test.each([
    ['number', [-1, 1.5, Number.NaN, 2 ** 53, '1', 1n, null, undefined, {}, [], Symbol('1')]],
    ['bigint', [-1n, 2n ** 64n, 2n ** 64n + 5n, 1, '1', null, undefined]],
    ['string', [1, 1n, null, undefined, '\udc00', 'x'.repeat(65_536)]],
  ] as const)('what can be no id is an INVALID_ID: %s', (idType, values) => {
    const index = new VectorIndex({ dimension: 1, idType })
    for (const id of values) expectThrow(() => index.has(id as never), 'INVALID_ID', /^id is .*; expected /)
  })
})
