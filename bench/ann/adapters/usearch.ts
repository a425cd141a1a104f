/**
 * `expansion_search` (ef) is fixed when an index is made, so the built index is saved once and loaded into an index made
 * with each ef, off the clock. A loaded index lies in memory as a built one does (`load`, not `view`). How fast it is depends on
 * where it came to lie, by up to a factor of two, so that each point of a sweep is measured on several loads.
 */
import { join } from 'node:path'
import type { Metric } from 'segvec'
import type { Adapter, BuiltIndex } from './adapter.ts'
import { collectGarbage } from './collect-garbage.ts'
import { loadPeer, peerVersion } from './peer-package.ts'
import { rowCopies } from './rows.ts'
import { scratchFolder } from './scratch-folder.ts'
import { batchPass, searchPass, singleSearches } from './search-pass.ts'
import { oneAndAllThreads } from './threads.ts'

interface Index {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void
  search(
    queries: Float32Array,
    k: number,
    threads: number,
  ): { keys: BigUint64Array; counts?: BigUint64Array; get(query: number): { keys: BigUint64Array } }
  save(path: string): void
  load(path: string): void
  view(path: string): void
}

const fileName = 'index.usearch'
/** usearch's own. */
const defaultEf = 64
const loadsPerPoint = 3

const metrics = { l2: 'l2sq', cosine: 'cos', ip: 'ip' } as const

export function usearch(quantization: 'f32' | 'f16' | 'i8' | 'u8'): Adapter {
  const { Index } = loadPeer<{ Index: new (config: object) => Index }>('usearch')
  const kindOf = (dimensions: number, metric: Metric) => ({
    dimensions,
    metric: metrics[metric],
    quantization,
    multi: false,
  })
  return {
    name: `usearch ${quantization}`,
    // The floats compete: halves are built and searched faster, and as near to the truth.
    group: quantization.startsWith('f') ? 'usearch' : `usearch ${quantization}`,
    version: peerVersion('usearch'),
    notes: `${quantization}; ef is fixed at construction, so the built index is saved and loaded anew for each ef, off the clock, and a speed is that of three loads on average; an add with several threads can lose vectors from search (USearch#735)`,
    threadCounts: oneAndAllThreads,
    variants: [''],
    loaders({ queries: vectors, dimension, metric }) {
      const queries = rowCopies(vectors, dimension)
      const loader = (how: 'load' | 'view') => (folder: string) => {
        // Everything else is in the file.
        const index = new Index({ ...kindOf(dimension, metric), expansion_search: defaultEf })
        index[how](join(folder, fileName))
        return {
          search: (q: number, k: number) =>
            Array.from(index.search(queries[q] as Float32Array, k, 1).keys, Number),
          close() {},
        }
      }
      return { memory: loader('load'), mapped: loader('view') }
    },
    async prepare(set) {
      if (
        quantization === 'u8' &&
        !set.base.every((value) => value >= 0 && value <= 255 && value % 1 === 0)
      ) {
        throw new Error('u8 is for integers 0 to 255, which this set is not')
      }
      const count = set.base.length / set.dimension
      const keys = BigUint64Array.from({ length: count }, (_, row) => BigInt(row))
      const queries = rowCopies(set.queries, set.dimension)
      return {
        async build({ M, efConstruction, threads }) {
          const config = {
            ...kindOf(set.dimension, set.metric),
            connectivity: M,
            expansion_add: efConstruction,
          }
          const built = new Index({ ...config, expansion_search: defaultEf })
          built.add(keys, set.base, threads)
          const make = (ef: number) => new Index({ ...config, expansion_search: ef })
          return loadedPerEf(built, make, queries, set.queries)
        },
      }
    },
  }
}

function loadedPerEf(
  built: Index,
  make: (ef: number) => Index,
  queries: Float32Array[],
  allQueries: Float32Array,
): BuiltIndex {
  const folder = scratchFolder()
  const file = join(folder.path, fileName)
  let unsaved: Index | undefined = built
  let current: { ef: number; index: Index } | undefined
  const loadAnew = (ef: number): Index => {
    unsaved?.save(file)
    unsaved = undefined
    current = undefined
    collectGarbage()
    current = { ef, index: make(ef) }
    current.index.load(file)
    return current.index
  }
  const indexFor = (ef: number): Index => (current?.ef === ef ? current.index : loadAnew(ef))
  const searchOn =
    (index: Index, k: number) =>
    (q: number): number[] =>
      Array.from(index.search(queries[q] as Float32Array, k, 1).keys, Number)
  return {
    persistence: { save: (folder) => (current?.index ?? built).save(join(folder, fileName)) },
    ...singleSearches(queries.length, ({ k, ef }) => searchOn(indexFor(ef), k)),
    async searchAll({ k, ef }) {
      const passes = Array.from({ length: loadsPerPoint }, () =>
        searchPass(queries.length, searchOn(loadAnew(ef), k)),
      )
      const seconds = passes.reduce((sum, pass) => sum + pass.seconds, 0) / loadsPerPoint
      return { seconds, found: passes.at(-1)?.found ?? [] }
    },
    searchBatch({ k, ef }) {
      const index = indexFor(ef)
      return batchPass(async () => {
        const matches = index.search(allQueries, k, oneAndAllThreads.at(-1) as number)
        return queries.map((_, q) => Array.from(matches.get(q).keys, Number))
      })
    },
    close() {
      unsaved = undefined
      current = undefined
      folder.remove()
      collectGarbage()
    },
  }
}
