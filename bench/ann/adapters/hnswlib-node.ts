import { join } from 'node:path'
import type { Adapter } from './adapter.ts'
import { loadPeer, peerVersion } from './peer-package.ts'
import { rowArrays } from './rows.ts'
import { singleSearches } from './search-pass.ts'

interface HierarchicalNSW {
  initIndex(maxElements: number, M: number, efConstruction: number, seed: number): void
  addPoint(vector: number[], id: number): void
  setEf(ef: number): void
  searchKnn(query: number[], k: number): { neighbors: number[] }
  writeIndexSync(path: string): void
  readIndexSync(path: string): void
}

const fileName = 'index'

export function hnswlibNode(): Adapter {
  const { HierarchicalNSW } = loadPeer<{
    HierarchicalNSW: new (space: string, dimension: number) => HierarchicalNSW
  }>('hnswlib-node')
  return {
    name: 'hnswlib-node',
    group: 'hnswlib-node',
    version: peerVersion('hnswlib-node'),
    notes:
      'float32; one thread, no other is offered; takes number[] only, so rows are converted off the clock',
    threadCounts: [1],
    variants: [''],
    loaders({ queries: vectors, dimension, metric }) {
      const queries = rowArrays(vectors, dimension)
      return {
        memory(folder) {
          const index = new HierarchicalNSW(metric, dimension)
          index.readIndexSync(join(folder, fileName))
          return { search: (q, k) => index.searchKnn(queries[q] as number[], k).neighbors, close() {} }
        },
      }
    },
    async prepare(set) {
      const base = rowArrays(set.base, set.dimension)
      const queries = rowArrays(set.queries, set.dimension)
      return {
        async build({ M, efConstruction, seed }) {
          const index = new HierarchicalNSW(set.metric, set.dimension)
          index.initIndex(base.length, M, efConstruction, seed)
          base.forEach((vector, id) => {
            index.addPoint(vector, id)
          })
          return {
            ...singleSearches(queries.length, ({ k, ef }) => {
              index.setEf(ef)
              return (q) => index.searchKnn(queries[q] as number[], k).neighbors
            }),
            persistence: { save: (folder) => index.writeIndexSync(join(folder, fileName)) },
            close() {},
          }
        },
      }
    },
  }
}
