/** Brute force in SQL. Node's own SQLite where there is one (Node 22.13 and later), else better-sqlite3. */
import { join } from 'node:path'
import type { Adapter } from './adapter.ts'
import { loadPeer, peerVersion } from './peer-package.ts'
import { rowViews } from './rows.ts'
import { singleSearches } from './search-pass.ts'

interface Statement {
  run(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
}

interface Database {
  exec(sql: string): unknown
  prepare(sql: string): Statement
  loadExtension(path: string): void
  close(): void
}

function openDatabase(path = ':memory:'): { database: Database; host: string } {
  const builtin = process.getBuiltinModule?.('node:sqlite') as
    | { DatabaseSync: new (path: string, options: object) => Database }
    | undefined
  if (builtin !== undefined) {
    const database = new builtin.DatabaseSync(path, { allowExtension: true })
    return { database, host: 'node:sqlite' }
  }
  const BetterSqlite = loadPeer<new (path: string) => Database>('better-sqlite3')
  return { database: new BetterSqlite(path), host: `better-sqlite3 ${peerVersion('better-sqlite3')}` }
}

const distanceMetrics = { l2: 'L2', cosine: 'cosine', ip: undefined } as const

const fileName = 'vectors.sqlite'

const searchIn = (database: Database, queries: readonly Uint8Array[]) => {
  const nearest = database.prepare('select rowid from vectors where embedding match ? and k = ?')
  return (q: number, k: number) =>
    (nearest.all(queries[q], k) as { rowid: number }[]).map(({ rowid }) => rowid)
}

const asBlob = (row: Float32Array) => new Uint8Array(row.buffer, row.byteOffset, row.byteLength)

export function sqliteVec(): Adapter {
  const extension = loadPeer<{ getLoadablePath(): string }>('sqlite-vec').getLoadablePath()
  const probe = openDatabase()
  probe.database.close()
  return {
    name: 'sqlite-vec',
    group: 'sqlite-vec',
    version: peerVersion('sqlite-vec'),
    notes: `brute force, float32, a vec0 table in memory, by ${probe.host}; a build is the inserts, in one transaction; one thread; no batch call`,
    threadCounts: [1],
    variants: [''],
    isExact: true,
    loaders({ queries: vectors, dimension }) {
      const queries = rowViews(vectors, dimension).map(asBlob)
      return {
        file(folder) {
          const { database } = openDatabase(join(folder, fileName))
          database.loadExtension(extension)
          return { search: searchIn(database, queries), close: () => database.close() }
        },
      }
    },
    async prepare(set) {
      const distanceMetric = distanceMetrics[set.metric]
      if (distanceMetric === undefined) throw new Error(`sqlite-vec has no metric for ${set.metric}`)
      const rows = rowViews(set.base, set.dimension).map(asBlob)
      const queries = rowViews(set.queries, set.dimension).map(asBlob)
      return {
        async build() {
          const { database } = openDatabase()
          database.loadExtension(extension)
          database.exec(
            `create virtual table vectors using vec0(embedding float[${set.dimension}] distance_metric=${distanceMetric})`,
          )
          const insert = database.prepare('insert into vectors(rowid, embedding) values (?, ?)')
          database.exec('begin')
          rows.forEach((row, id) => {
            insert.run(BigInt(id), row)
          })
          database.exec('commit')
          const search = searchIn(database, queries)
          return {
            ...singleSearches(
              queries.length,
              ({ k }) =>
                (q) =>
                  search(q, k),
            ),
            persistence: {
              save(folder) {
                database.exec(`vacuum into '${join(folder, fileName)}'`)
              },
            },
            close: () => database.close(),
          }
        },
      }
    },
  }
}
