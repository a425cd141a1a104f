import { createRequire } from 'node:module'
import type { Adapter } from './adapter.ts'

interface HierarchicalNSW {
  initIndex(maxElements: number, M: number, efConstruction: number, seed: number): void
  addPoint(vector: number[], id: number): void
  setEf(ef: number): void
  searchKnn(query: number[], k: number): { neighbors: number[] }
}

const spaces = { l2: 'l2', cosine: 'cosine', ip: 'ip' } as const

const rowsOf = (data: Float32Array, dimension: number) =>
  Array.from({ length: data.length / dimension }, (_, row) =>
    Array.from(data.subarray(row * dimension, (row + 1) * dimension)),
  )

export const hnswlibNode: Adapter = {
  name: 'hnswlib-node',
  notes:
    'float32; one thread, no other is offered; takes number[] only, so rows are converted before the clock starts',
  maxThreads: 1,
  async prepare(set) {
    const require = createRequire(new URL('../../peers/package.json', import.meta.url))
    const { HierarchicalNSW } = require('hnswlib-node') as {
      HierarchicalNSW: new (space: string, dimension: number) => HierarchicalNSW
    }
    const base = rowsOf(set.base, set.dimension)
    const queries = rowsOf(set.queries, set.dimension)
    return async ({ M, efConstruction }) => {
      const index = new HierarchicalNSW(spaces[set.metric], set.dimension)
      index.initIndex(base.length, M, efConstruction, 100)
      base.forEach((vector, id) => {
        index.addPoint(vector, id)
      })
      return {
        search(q, k, ef) {
          index.setEf(ef)
          return index.searchKnn(queries[q] as number[], k).neighbors
        },
        close() {},
      }
    }
  },
}
