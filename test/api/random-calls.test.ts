import { errorCodes, type IdType, SegvecError, VectorIndex } from 'segvec'
import { expect, test } from 'vitest'
import { mine, randomCall, randomIndex } from '../support/bad-calls.ts'
import { Random } from '../support/random.ts'

const callCount = 10_000

/** What an error says about the call: its code, or `mine` for what the caller's own code threw. */
function nameOf(error: unknown): string {
  if (error === mine) return 'mine'
  if (error instanceof SegvecError && errorCodes.includes(error.code)) return error.code
  throw new Error('a call ended in neither a SegvecError nor an error of the caller', { cause: error })
}

test(`${callCount} random calls each end in a result, a SegvecError, or what the caller's code threw`, async () => {
  const random = new Random(20_261_121)
  const outcomes = new Map<string, number>()
  const count = (name: string) => outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
  let indexes: VectorIndex<IdType>[] = await Promise.all([1, 2, 3].map(() => randomIndex(random)))
  let pending: Promise<void>[] = []

  for (let call = 0; call < callCount; ++call) {
    const index = random.pick(indexes)
    try {
      const result = randomCall(index, random)
      if (result instanceof Promise) {
        pending.push(
          result.then(
            () => count('resolved'),
            (error: unknown) => void count(nameOf(error)),
          ) as Promise<void>,
        )
      } else {
        if (result instanceof VectorIndex) pending.push(result.close())
        count('returned')
      }
    } catch (error) {
      count(nameOf(error))
    }
    if (call % 100 === 99) {
      await Promise.all(pending)
      pending = []
    }
    if (call % 200 === 199) {
      const closed = indexes.map((old) => old.close())
      indexes = await Promise.all([1, 2, 3].map(() => randomIndex(random)))
      await Promise.all(closed)
    }
  }

  const index = new VectorIndex({ dimension: 2, metric: 'l2' })
  await index.add(7, [3, 4])
  expect(await index.search([3, 4])).toEqual([{ id: 7, distance: 0 }])
  expect([...outcomes.values()].reduce((sum, times) => sum + times, 0)).toBe(callCount)
  const seen = [...outcomes.keys()]
  expect(seen).toEqual(
    expect.arrayContaining([
      'returned',
      'resolved',
      'mine',
      'INVALID_ARGUMENT',
      'DIMENSION_MISMATCH',
      'INVALID_VECTOR',
      'INVALID_ID',
      'DUPLICATE_ID',
      'CLOSED',
      'ABORTED',
    ]),
  )
  expect(seen).not.toContain('INTERNAL')
  expect(seen).not.toContain('OUT_OF_MEMORY')
})
