/** zvec answers by brute force until `optimize` has built the graph, so a build is all inserts and the optimize. */
import { join } from 'node:path'
import type { Adapter, BuildParameters, Load, SearchParameters } from './adapter.ts'
import { loadPeer, peerVersion } from './peer-package.ts'
import { rowCopies, rowViews } from './rows.ts'
import { scratchFolder } from './scratch-folder.ts'
import { singleSearches } from './search-pass.ts'
import { oneAndAllThreads } from './threads.ts'

interface Status {
  ok: boolean
  code: string
}

interface Collection {
  insertSync(documents: object[]): Status[]
  optimizeSync(options: { concurrency: number }): void
  optimize(options: { concurrency: number }): Promise<void>
  query(query: object): Promise<unknown>
  querySync(query: object): { id: string }[]
  closeSync(): void
}

interface Package {
  ZVecDataType: { VECTOR_FP32: number }
  ZVecIndexType: { HNSW: number }
  ZVecMetricType: { L2: number; IP: number; COSINE: number }
  ZVecQuantizeType: { UNDEFINED: number; INT8: number }
  ZVecLogLevel: { ERROR: number }
  ZVecCollectionSchema: new (schema: object) => object
  ZVecInitialize(options: object): void
  ZVecCreateAndOpen(path: string, schema: object): Collection
  ZVecOpen(path: string): Collection
}

/** The most documents one insert takes. */
const batchSize = 1024
const defaultEf = 64

export function zvec(quantization: 'float32' | 'int8'): Adapter {
  const zvec = loadPeer<Package>('@zvec/zvec')
  zvec.ZVecInitialize({ logLevel: zvec.ZVecLogLevel.ERROR })
  const isInt8 = quantization === 'int8'
  const indexType = zvec.ZVecIndexType.HNSW
  const queryFor = (vector: Float32Array | undefined, { k, ef, variant }: SearchParameters) => ({
    fieldName: 'vector',
    vector,
    topk: k,
    outputFields: [],
    params: { indexType, ef, isUsingRefiner: variant === 'refiner' },
  })
  const search = (
    collection: Collection,
    vector: Float32Array | undefined,
    parameters: SearchParameters,
  ): number[] => collection.querySync(queryFor(vector, parameters)).map((document) => Number(document.id))
  return {
    name: `@zvec/zvec ${quantization}`,
    group: '@zvec/zvec',
    version: peerVersion('@zvec/zvec'),
    notes: `HNSW, ${quantization}, contiguous memory; a build is insertSync in batches of ${batchSize} and optimizeSync with that many threads; querySync, ids only${isInt8 ? '; with and without its refiner' : ''}`,
    threadCounts: oneAndAllThreads,
    variants: isInt8 ? ['', 'refiner'] : [''],
    loaders({ queries: vectors, dimension }) {
      const queries = rowCopies(vectors, dimension)
      return {
        mapped(path) {
          const collection = zvec.ZVecOpen(path)
          return {
            search: (q, k) => search(collection, queries[q], { k, ef: defaultEf, variant: '' }),
            close: () => collection.closeSync(),
          }
        },
      }
    },
    async prepare(set) {
      const metricType = zvec.ZVecMetricType[({ l2: 'L2', cosine: 'COSINE', ip: 'IP' } as const)[set.metric]]
      const documents = rowViews(set.base, set.dimension).map((vector, row) => ({
        id: String(row),
        vectors: { vector },
      }))
      const queries = rowCopies(set.queries, set.dimension)
      const make = (path: string, { M, efConstruction }: BuildParameters) => {
        const indexParams = {
          indexType,
          metricType,
          m: M,
          efConstruction,
          useContiguousMemory: true,
          quantizeType: zvec.ZVecQuantizeType[isInt8 ? 'INT8' : 'UNDEFINED'],
        }
        const schema = new zvec.ZVecCollectionSchema({
          name: 'bench',
          vectors: {
            name: 'vector',
            dataType: zvec.ZVecDataType.VECTOR_FP32,
            dimension: set.dimension,
            indexParams,
          },
        })
        return zvec.ZVecCreateAndOpen(path, schema)
      }
      const insert = (collection: Collection, from: number, to: number) => {
        for (let start = from; start < to; start += batchSize) {
          const failed = collection
            .insertSync(documents.slice(start, Math.min(start + batchSize, to)))
            .find((status) => !status.ok)
          if (failed !== undefined) throw new Error(`zvec refused a document: ${failed.code}`)
        }
      }
      return {
        loads: {
          async compact(build, parameters): Promise<Load> {
            const folder = scratchFolder()
            const collection = make(join(folder.path, 'collection'), build)
            const concurrency = build.threads
            insert(collection, 0, documents.length >> 1)
            collection.optimizeSync({ concurrency })
            insert(collection, documents.length >> 1, documents.length)
            return {
              search: (q) => collection.query(queryFor(queries[q], parameters)),
              work: () => collection.optimize({ concurrency }),
              close() {
                collection.closeSync()
                folder.remove()
              },
            }
          },
        },
        async build(build) {
          const folder = scratchFolder()
          const path = join(folder.path, 'collection')
          const collection = make(path, build)
          let isOpen = true
          const close = () => {
            if (isOpen) collection.closeSync()
            isOpen = false
          }
          insert(collection, 0, documents.length)
          collection.optimizeSync({ concurrency: build.threads })
          return {
            ...singleSearches(
              queries.length,
              (parameters) => (q) => search(collection, queries[q], parameters),
            ),
            persistence: {
              folder: path,
              // One that is open locks its folder.
              release: close,
            },
            close() {
              close()
              folder.remove()
            },
          }
        },
      }
    },
  }
}
