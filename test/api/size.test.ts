import { VectorIndex } from 'segvec'
import { expect, test } from 'vitest'
import { expectRejection } from '../support/failures.ts'

test('size counts the vectors whose add has resolved', async () => {
  const index = new VectorIndex({ dimension: 2, threads: 3 })
  expect(index.size).toBe(0)
  await index.add([
    [1, 2],
    [3, 4],
  ])
  expect(index.size).toBe(2)
  await expectRejection(
    () =>
      index.add(
        [5, 5],
        [
          [1, 2],
          [3, 4],
        ],
      ),
    'DUPLICATE_ID',
  )
  expect(index.size).toBe(2)
  await index.add(new Float32Array(2 * 5000).fill(1))
  expect(index.size).toBe(5002)
})
