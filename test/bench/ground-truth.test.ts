import { describe, expect, test } from 'vitest'
import type { DataSet } from '../../bench/ann/data-sets.ts'
import { exactThresholds } from '../../bench/ann/ground-truth.ts'
import { clusteredVectors } from '../support/clustered.ts'
import { referenceSearch } from '../support/reference.ts'

const dimension = 24
const k = 10

describe('the ground truth of the benchmarks', () => {
  test.each(['l2', 'cosine', 'ip'] as const)('is what a slow scan finds, under %s', async (metric) => {
    const base = clusteredVectors({ count: 3000, dimension })
    const queries = clusteredVectors({ count: 20, dimension, seed: 8 })
    const set: DataSet = { name: 'test', metric, dimension, base, queries }
    const thresholds = await exactThresholds(set, k)
    const slow = Array.from({ length: 20 }, (_, q) => {
      const query = queries.subarray(q * dimension, (q + 1) * dimension)
      return referenceSearch(metric, base, query, k)[k - 1]?.distance as number
    })
    expect(thresholds).toHaveLength(slow.length)
    thresholds.forEach((threshold, q) => {
      expect(threshold).toBeCloseTo(slow[q] as number, 9)
    })
  })
})
