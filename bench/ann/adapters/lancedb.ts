/** A table with one IVF partition is one HNSW graph, which is LanceDB's fastest at this size. */
import type { Metric } from 'segvec'
import type { Adapter, BuildParameters, Load, SearchParameters } from './adapter.ts'
import { onOneCore } from './one-core.ts'
import { loadPeer, peerVersion } from './peer-package.ts'
import { rowArrays, rowViews } from './rows.ts'
import { scratchFolder } from './scratch-folder.ts'
import { asyncSingleSearches, batchPass } from './search-pass.ts'
import { oneAndAllThreads } from './threads.ts'

interface Query {
  distanceType(metric: string): Query
  addQueryVector(query: number[]): Query
  nprobes(count: number): Query
  ef(ef: number): Query
  refineFactor(factor: number): Query
  select(columns: string[]): Query
  limit(k: number): Query
  toArrow(): Promise<{ getChild(name: string): Iterable<unknown> & { get(row: number): unknown } }>
}

interface Table {
  createIndex(column: string, options: object): Promise<void>
  vectorSearch(query: number[] | Float32Array): Query
  add(rows: object[]): Promise<unknown>
  optimize(): Promise<unknown>
  close(): void
}

interface Connection {
  createTable(name: string, rows: object[]): Promise<Table>
  openTable(name: string): Promise<Table>
  close(): void
}

interface Package {
  connect(path: string): Promise<Connection>
  Index: { hnswSq(options: object): object }
}

const tableName = 'bench'
const defaultEf = 64

/** How many times `k` candidates are measured again on the floats; the graph's beam must hold as many. */
const refineFactors: Record<string, number | undefined> = { '': undefined, 'refine 1': 1, 'refine 4': 4 }

const distanceTypeOf = (metric: Metric) => (metric === 'ip' ? 'dot' : metric)

function queryFor(
  table: Table,
  distanceType: string,
  vectors: number[][],
  { k, ef, variant }: SearchParameters,
): Query {
  const [first, ...others] = vectors
  const query = others
    .reduce((all, vector) => all.addQueryVector(vector), table.vectorSearch(first as number[]))
    .distanceType(distanceType)
    .nprobes(1)
    .ef(Math.max(ef, k * (refineFactors[variant] ?? 1)))
    .select(['id', '_distance'])
    .limit(k)
  const factor = refineFactors[variant]
  return factor === undefined ? query : query.refineFactor(factor)
}

async function searchOne(
  table: Table,
  distanceType: string,
  vector: number[],
  parameters: SearchParameters,
): Promise<number[]> {
  const answer = await queryFor(table, distanceType, [vector], parameters).toArrow()
  return Array.from(answer.getChild('id'), Number)
}

export function lancedb(): Adapter {
  process.env['LANCE_LOG'] ??= 'error'
  process.env['RUST_LOG'] ??= 'error'
  const { connect, Index } = loadPeer<Package>('@lancedb/lancedb')
  return {
    name: '@lancedb/lancedb',
    group: '@lancedb/lancedb',
    version: peerVersion('@lancedb/lancedb'),
    notes:
      'IVF_HNSW_SQ, one partition, nprobes 1; a build is createTable and createIndex; ids only, as Arrow; without and with refineFactor 1 and 4; no thread option, so a build with one thread is the process on one core; a search may use all cores; every third ef only',
    threadCounts: oneAndAllThreads,
    efStep: 3,
    variants: Object.keys(refineFactors),
    loaders({ queries: vectors, dimension, metric }) {
      const queries = rowArrays(vectors, dimension)
      const distanceType = distanceTypeOf(metric)
      const parameters = { ef: defaultEf, variant: 'refine 1' }
      return {
        async file(path) {
          const connection = await connect(path)
          const table = await connection.openTable(tableName)
          return {
            search: (q, k) => searchOne(table, distanceType, queries[q] as number[], { ...parameters, k }),
            close() {
              table.close()
              connection.close()
            },
          }
        },
      }
    },
    async prepare(set) {
      const distanceType = distanceTypeOf(set.metric)
      const rows = rowViews(set.base, set.dimension).map((vector, id) => ({ id, vector }))
      const queries = rowArrays(set.queries, set.dimension)
      const make = async (
        connection: Connection,
        rows: object[],
        { M, efConstruction }: BuildParameters,
      ): Promise<Table> => {
        const table = await connection.createTable(tableName, rows)
        const config = Index.hnswSq({ distanceType, numPartitions: 1, m: M, efConstruction })
        await table.createIndex('vector', { config })
        return table
      }
      const search = (table: Table, q: number, parameters: SearchParameters) =>
        searchOne(table, distanceType, queries[q] as number[], parameters)
      const middle = rows.length >> 1
      const halfFull = async (
        build: BuildParameters,
        parameters: SearchParameters,
        work: (table: Table) => Promise<unknown>,
      ): Promise<Load & { readonly table: Table }> => {
        const folder = scratchFolder()
        const connection = await connect(folder.path)
        const table = await make(connection, rows.slice(0, middle), build)
        return {
          table,
          search: (q) => search(table, q, parameters),
          async work() {
            await work(table)
          },
          close() {
            table.close()
            connection.close()
            folder.remove()
          },
        }
      }
      return {
        loads: {
          add: (build, parameters) => halfFull(build, parameters, (table) => table.add(rows.slice(middle))),
          async compact(build, parameters) {
            const load = await halfFull(build, parameters, (table) => table.optimize())
            await load.table.add(rows.slice(middle))
            return load
          },
        },
        async build(build) {
          const folder = scratchFolder()
          const connection = await connect(folder.path)
          const makeFull = () => make(connection, rows, build)
          const table = build.threads === 1 ? await onOneCore(makeFull) : await makeFull()
          return {
            ...asyncSingleSearches(queries.length, (parameters) => (q) => search(table, q, parameters)),
            persistence: { folder: folder.path },
            searchBatch: (parameters) =>
              batchPass(async () => {
                const answer = await queryFor(table, distanceType, queries, parameters).toArrow()
                const ids = answer.getChild('id')
                const found: number[][] = queries.map(() => [])
                Array.from(answer.getChild('query_index'), Number).forEach((q, i) => {
                  found[q]?.push(Number(ids.get(i)))
                })
                return found
              }),
            close() {
              table.close()
              connection.close()
              folder.remove()
            },
          }
        },
      }
    },
  }
}
