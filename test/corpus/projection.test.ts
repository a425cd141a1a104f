import { expect, test } from 'vitest'
import { project } from '../../corpus/projection.ts'

const column = (bucket: number): Float64Array => {
  const sum = new Float64Array(256)
  project(bucket, 1, sum)
  return sum
}
const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, at) => sum + value * (b[at] as number), 0)

test('a column has one entry of ±1/4 in each block of 16, so its length is 1', () => {
  for (let bucket = 0; bucket < 500; bucket++) {
    const entries = column(bucket)
    for (let block = 0; block < 16; block++) {
      const used = entries.slice(block * 16, block * 16 + 16).filter((value) => value !== 0)
      expect(Array.from(used, Math.abs)).toEqual([0.25])
    }
  }
})

test('columns are nearly orthogonal: mean 0, and the variance of a random projection', () => {
  const columns = Array.from({ length: 400 }, (_, bucket) => column(bucket * 7919))
  const products = columns.flatMap((a, at) => columns.slice(at + 1).map((b) => dot(a, b)))
  const mean = products.reduce((sum, value) => sum + value, 0) / products.length
  const variance = products.reduce((sum, value) => sum + (value - mean) ** 2, 0) / products.length
  expect(Math.abs(mean)).toBeLessThan(0.002)
  expect(variance * 256).toBeGreaterThan(0.9)
  expect(variance * 256).toBeLessThan(1.1)
})

test('it is linear in the weight', () => {
  const sum = new Float64Array(256)
  project(42, 0.5, sum)
  project(42, 1.5, sum)
  expect(sum).toEqual(column(42).map((value) => value * 2))
})
