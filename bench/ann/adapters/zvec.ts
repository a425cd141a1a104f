/** zvec answers by brute force until `optimize` has built the graph, so a build is all inserts and the optimize. */
import { join } from 'node:path'
import type { Adapter } from './adapter.ts'
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
}

/** The most documents one insert takes. */
const batchSize = 1024

export function zvec(quantization: 'float32' | 'int8'): Adapter {
  const zvec = loadPeer<Package>('@zvec/zvec')
  zvec.ZVecInitialize({ logLevel: zvec.ZVecLogLevel.ERROR })
  const isInt8 = quantization === 'int8'
  return {
    name: `@zvec/zvec ${quantization}`,
    group: '@zvec/zvec',
    version: peerVersion('@zvec/zvec'),
    notes: `HNSW, ${quantization}, contiguous memory; a build is insertSync in batches of ${batchSize} and optimizeSync with that many threads; querySync, ids only${isInt8 ? '; with and without its refiner' : ''}`,
    threadCounts: oneAndAllThreads,
    variants: isInt8 ? ['', 'refiner'] : [''],
    async prepare(set) {
      const indexType = zvec.ZVecIndexType.HNSW
      const metricType = zvec.ZVecMetricType[({ l2: 'L2', cosine: 'COSINE', ip: 'IP' } as const)[set.metric]]
      const documents = rowViews(set.base, set.dimension).map((vector, row) => ({
        id: String(row),
        vectors: { vector },
      }))
      const queries = rowCopies(set.queries, set.dimension)
      return {
        async build({ M, efConstruction, threads }) {
          const folder = scratchFolder()
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
          const collection = zvec.ZVecCreateAndOpen(join(folder.path, 'collection'), schema)
          for (let start = 0; start < documents.length; start += batchSize) {
            const failed = collection
              .insertSync(documents.slice(start, start + batchSize))
              .find((status) => !status.ok)
            if (failed !== undefined) throw new Error(`zvec refused a document: ${failed.code}`)
          }
          collection.optimizeSync({ concurrency: threads })
          return {
            ...singleSearches(queries.length, ({ k, ef, variant }) => {
              const params = { indexType, ef, isUsingRefiner: variant === 'refiner' }
              return (q) =>
                collection
                  .querySync({ fieldName: 'vector', vector: queries[q], topk: k, outputFields: [], params })
                  .map((document) => Number(document.id))
            }),
            close() {
              collection.closeSync()
              folder.remove()
            },
          }
        },
      }
    },
  }
}
