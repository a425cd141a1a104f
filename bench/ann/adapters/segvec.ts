import { readFileSync } from 'node:fs'
import { type IndexOptions, instructionSets, VectorIndex } from 'segvec'
import type { DataSet, QuerySet } from '../data-sets.ts'
import type {
  Adapter,
  BuildParameters,
  Load,
  Loader,
  PreparedSet,
  SearchParameters,
  SearchPass,
} from './adapter.ts'
import { halvesOf, rowCopies } from './rows.ts'
import { batchPass, singleSearches } from './search-pass.ts'
import { oneAndAllThreads } from './threads.ts'

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

type Make = (build: BuildParameters, more?: Partial<IndexOptions>) => VectorIndex

function segvecAdapter(name: string, notes: string, options: Partial<IndexOptions>): Adapter {
  return {
    name,
    group: 'segvec',
    version,
    notes: `${notes}; searchSync, one query at a time; a save is on the disk (synced) when it resolves`,
    threadCounts: oneAndAllThreads,
    variants: [''],
    loaders: segvecLoaders,
    async prepare(set) {
      const queries = rowCopies(set.queries, set.dimension)
      const { dimension, metric } = set
      const make: Make = ({ M, efConstruction, threads, seed }, more) =>
        new VectorIndex({ dimension, metric, M, efConstruction, threads, seed, ...options, ...more })
      return {
        ...(options.growingSegments === undefined ? { loads: loadsOf(set, queries, make) } : {}),
        async build(parameters) {
          const makeFull = async (threads: number) => {
            const index = make({ ...parameters, threads })
            await index.add(set.base)
            if (options.keepVectors === false) await index.compact() // who saves memory has its spare part back
            return index
          }
          const index = await makeFull(parameters.threads)
          // The thread count is the index's, and the bytes built do not depend on it.
          let ofAllThreads: Promise<VectorIndex> | undefined
          return {
            ...singleSearches(queries.length, ({ k, ef }) => (q) => {
              return index.searchSync(queries[q] as Float32Array, { k, ef }).map((hit) => hit.id)
            }),
            async searchBatch(parameters) {
              ofAllThreads ??= makeFull(oneAndAllThreads.at(-1) as number)
              return searchBatch(await ofAllThreads, set.queries, parameters)
            },
            persistence: { save: (folder) => index.save(folder) },
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

export function segvecLoaders({ queries: vectors, dimension }: QuerySet): Readonly<Record<string, Loader>> {
  const queries = rowCopies(vectors, dimension)
  instructionSets() // loads the addon, which the other packages' adapters do before the clock starts, too
  const loaded = (index: VectorIndex) => ({
    search: (q: number, k: number) =>
      index.searchSync(queries[q] as Float32Array, { k }).map((hit) => hit.id),
    close: () => index.close(),
  })
  return {
    memory: async (folder) => loaded(await VectorIndex.open(folder)),
    mapped: async (folder) => loaded(await VectorIndex.open(folder, { readOnly: true, load: 'mmap' })),
  }
}

function loadsOf(
  set: DataSet,
  queries: readonly Float32Array[],
  make: Make,
): NonNullable<PreparedSet['loads']> {
  const beside = (index: VectorIndex, { k, ef }: SearchParameters, work: () => Promise<unknown>): Load => ({
    search: (q) => index.search(queries[q] as Float32Array, { k, ef }),
    async work() {
      await work()
    },
    close: () => index.close(),
  })
  const [first, second] = halvesOf(set.base, set.dimension)
  return {
    async add(build, search) {
      const index = make(build)
      await index.add(first)
      return beside(index, search, () => index.add(second))
    },
    async compact(build, search) {
      const index = make(build, { growingSegments: 2, compaction: 'manual' })
      await index.add(set.base)
      return beside(index, search, () => index.compact())
    },
  }
}

export const segvecAdapters: readonly Adapter[] = [
  segvecAdapter('segvec', 'defaults: 8-bit codes, hits measured on the floats, one segment', {}),
  segvecAdapter('segvec none', "quantization 'none': float32, one segment", { quantization: 'none' }),
  segvecAdapter('segvec codes', 'keepVectors false: 8-bit codes alone; compacted once all are added', {
    keepVectors: false,
  }),
  segvecAdapter('segvec 2 segments', 'defaults, growingSegments 2', { growingSegments: 2 }),
  segvecAdapter('segvec 8 segments', 'defaults, growingSegments 8', { growingSegments: 8 }),
]
