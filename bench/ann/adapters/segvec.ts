import { readFileSync } from 'node:fs'
import { type IndexOptions, VectorIndex } from 'segvec'
import type { Adapter, SearchParameters, SearchPass } from './adapter.ts'
import { rowCopies } from './rows.ts'
import { batchPass, singleSearches } from './search-pass.ts'
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
        async build({ M, efConstruction, threads, seed }) {
          const { dimension, metric } = set
          const make = async (threads: number) => {
            const index = new VectorIndex({ dimension, metric, M, efConstruction, threads, seed, ...options })
            await index.add(set.base)
            return index
          }
          const index = await make(threads)
          // The thread count is the index's, and the bytes built do not depend on it.
          let ofAllThreads: Promise<VectorIndex> | undefined
          return {
            ...singleSearches(queries.length, ({ k, ef }) => (q) => {
              return index.searchSync(queries[q] as Float32Array, { k, ef }).map((hit) => hit.id)
            }),
            async searchBatch(parameters) {
              ofAllThreads ??= make(oneAndAllThreads.at(-1) as number)
              return searchBatch(await ofAllThreads, set.queries, parameters)
            },
            bytesPerVector: index.stats().memoryBytes / index.size,
            async close() {
              await index.close()
              await (await ofAllThreads)?.close()
            },
          }
        },
      }
    },
  }
}

/** Rows are read out of the typed arrays that `searchBatch` gives, on the clock as the other packages' are. */
function searchBatch(
  index: VectorIndex,
  queries: Float32Array,
  { k, ef }: SearchParameters,
): Promise<SearchPass> {
  return batchPass(async () => {
    const { ids, counts, k: stride } = await index.searchBatch(queries, { k, ef })
    return Array.from(counts, (count, q) => Array.from(ids.subarray(q * stride, q * stride + count)))
  })
}

export const segvecAdapters: readonly Adapter[] = [
  segvecAdapter('segvec', 'defaults: 8-bit codes, hits measured on the floats, one segment', {}),
  segvecAdapter('segvec none', "quantization 'none': float32, one segment", { quantization: 'none' }),
  segvecAdapter('segvec 2 segments', 'defaults, growingSegments 2', { growingSegments: 2 }),
  segvecAdapter('segvec 8 segments', 'defaults, growingSegments 8', { growingSegments: 8 }),
]
