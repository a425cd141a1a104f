import { readFileSync } from 'node:fs'
import { type IndexOptions, VectorIndex } from 'segvec'
import type { Adapter } from './adapter.ts'
import { rowCopies } from './rows.ts'
import { searchPass } from './search-pass.ts'
import { oneAndAllThreads } from './threads.ts'

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

function segvecAdapter(name: string, notes: string, options: Partial<IndexOptions>): Adapter {
  return {
    name,
    group: 'segvec',
    version,
    notes: `${notes}; searchSync, one query at a time`,
    threadCounts: oneAndAllThreads,
    variants: [''],
    async prepare(set) {
      const queries = rowCopies(set.queries, set.dimension)
      return {
        async build({ M, efConstruction, threads }) {
          const { dimension, metric } = set
          const index = new VectorIndex({ dimension, metric, M, efConstruction, threads, ...options })
          await index.add(set.base)
          return {
            searchAll: async ({ k, ef }) =>
              searchPass(queries.length, (q) =>
                index.searchSync(queries[q] as Float32Array, { k, ef }).map((hit) => hit.id),
              ),
            bytesPerVector: index.stats().memoryBytes / index.size,
            close: () => index.close(),
          }
        },
      }
    },
  }
}

export const segvecAdapters: readonly Adapter[] = [
  segvecAdapter('segvec', 'defaults: 8-bit codes, hits measured on the floats, one segment', {}),
  segvecAdapter('segvec none', "quantization 'none': float32, one segment", { quantization: 'none' }),
  segvecAdapter('segvec 2 segments', 'defaults, growingSegments 2', { growingSegments: 2 }),
  segvecAdapter('segvec 8 segments', 'defaults, growingSegments 8', { growingSegments: 8 }),
]
