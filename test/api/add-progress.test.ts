import { type AddProgress, VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'
import { expectRejection } from '../support/failures.ts'

describe('onProgress', () => {
  test('is told of a growing number of vectors, and once of all', async () => {
    const index = new VectorIndex({ dimension: 64, efConstruction: 400 })
    const reports: AddProgress[] = []
    await index.add(clusteredVectors({ count: 12_000, dimension: 64 }), {
      onProgress: (progress) => reports.push(progress),
    })
    const counts = reports.map((report) => report.insertedCount)
    expect(counts).toEqual([...counts].sort((a, b) => a - b))
    expect(counts.filter((count) => count === 12_000)).toHaveLength(1)
    expect(counts.at(-1)).toBe(12_000)
    expect(reports.every((report) => report.totalCount === 12_000)).toBe(true)
    const last = reports.at(-1) as AddProgress
    expect(last.elapsedMs).toBeGreaterThan(0)
    expect(last.vectorsPerSecond).toBeCloseTo(12_000 / (last.elapsedMs / 1000), 3)
  })

  test('is told of the end of a small batch, and of an empty one', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const counts: number[][] = []
    const onProgress = ({ insertedCount, totalCount }: AddProgress) =>
      counts.push([insertedCount, totalCount])
    await index.add([[1], [2]], { onProgress })
    await index.add([], { onProgress })
    expect(counts).toEqual([
      [2, 2],
      [0, 0],
    ])
  })

  test('may be async, and what it rejects with is what the call rejects with', async () => {
    const index = new VectorIndex({ dimension: 64, efConstruction: 400 })
    const onProgress = async ({ insertedCount }: AddProgress) => {
      if (insertedCount === index.size) throw new Error('mine')
    }
    await expect(index.add([new Float32Array(64).fill(1)], { onProgress })).rejects.toThrow('mine')
    const atOnce = async () => {
      throw new Error('mine')
    }
    const many = clusteredVectors({ count: 16_000, dimension: 64 })
    await expect(index.add(many, { onProgress: atOnce })).rejects.toThrow('mine')
    expect(index.size).toBe(1)
  })

  test('may wait for what comes after the call, which is over by then', async () => {
    const index = new VectorIndex({ dimension: 1 })
    await index.add([], { onProgress: async () => void (await index.add([[1]])) })
    await index.add([[2]], { onProgress: () => index.close() })
    await expectRejection(() => index.add([[3]]), 'CLOSED')
  })

  test('is not told of the end of a batch that failed', async () => {
    const index = new VectorIndex({ dimension: 1 })
    let calls = 0
    const onProgress = () => {
      calls += 1
    }
    await expectRejection(() => index.add([1, 1], [[1], [2]], { onProgress }), 'DUPLICATE_ID')
    await expectRejection(() => index.add([[Number.NaN]], { onProgress }), 'INVALID_VECTOR')
    expect(calls).toBe(0)
  })

  test('that throws cancels the add, which rejects with what it threw', async () => {
    const index = new VectorIndex({ dimension: 64, efConstruction: 400 })
    const mine = new Error('mine')
    let calls = 0
    const adding = index.add(clusteredVectors({ count: 24_000, dimension: 64 }), {
      onProgress() {
        calls += 1
        throw mine
      },
    })
    await expect(adding).rejects.toBe(mine)
    expect(calls).toBe(1)
    expect(index.size).toBe(0)
    expect(await index.add(new Float32Array(64).fill(1))).toEqual([0])
  })

  test('that throws at the last report comes too late: the batch is in', async () => {
    const index = new VectorIndex({ dimension: 1 })
    const mine = new Error('mine')
    const adding = index.add([[1]], {
      onProgress() {
        throw mine
      },
    })
    await expect(adding).rejects.toBe(mine)
    expect(index.size).toBe(1)
  })
})
