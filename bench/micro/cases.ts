/** Calls so small that what surrounds the work is most of it; beside hnswlib-node wherever it has the like. */
import { VectorIndex } from 'segvec'
import { clusteredVectors } from '../../test/support/clustered.ts'
import { loadPeer } from '../ann/adapters/peer-package.ts'
import { rowCopies } from '../ann/adapters/rows.ts'

export interface Case {
  readonly group: string
  readonly name: string
  /** One call; a promise where the call gives one. */
  run(): unknown
}

export interface Cases {
  readonly cases: readonly Case[]
  /** Why hnswlib-node is not among them. */
  readonly missing?: string
  close(): Promise<void>
}

interface HierarchicalNSW {
  initIndex(maxElements: number, M: number, efConstruction: number, seed: number): void
  addPoint(vector: number[], id: number): void
  setEf(ef: number): void
  searchKnn(query: number[], k: number): { neighbors: number[]; distances: number[] }
}

const dimension = 8
/** So many that segvec has a graph as well. */
const rowCount = 2000
const batchSize = 100
const ef = 100
const seed = 1
/** hnswlib-node wants to know how many it will hold at most. */
const mostAdded = 4_000_000

const vectors = clusteredVectors({ count: rowCount, dimension })
const queries = rowCopies(clusteredVectors({ count: batchSize, dimension, seed: 8 }), dimension)
const allQueries = Float32Array.from(queries.flatMap((query) => [...query]))

/** Calls in turn with each of the queries. */
function inTurn<T>(items: readonly T[], call: (item: T) => unknown): () => unknown {
  let next = 0
  return () => call(items[next++ % items.length] as T)
}

export async function makeCases(): Promise<Cases> {
  const index = new VectorIndex({ dimension, metric: 'l2', seed })
  await index.add(vectors)
  const growing = new VectorIndex({ dimension, metric: 'l2', seed })
  const ours: Case[] = [
    {
      group: 'search, k 10',
      name: 'segvec searchSync',
      run: inTurn(queries, (q) => index.searchSync(q, { ef })),
    },
    { group: 'search, k 10', name: 'segvec search', run: inTurn(queries, (q) => index.search(q, { ef })) },
    {
      group: 'search, k 100',
      name: 'segvec searchSync',
      run: inTurn(queries, (q) => index.searchSync(q, { k: 100, ef })),
    },
    {
      group: `${batchSize} queries, k 10`,
      name: 'segvec searchSync, one by one',
      run: () => queries.map((q) => index.searchSync(q, { ef })),
    },
    {
      group: `${batchSize} queries, k 10`,
      name: 'segvec searchBatch',
      run: () => index.searchBatch(allQueries, { ef }),
    },
    {
      group: 'exact search, k 1',
      name: 'segvec searchSync',
      run: inTurn(queries, (q) => index.searchSync(q, { k: 1, exact: true })),
    },
    { group: 'add of one row', name: 'segvec add', run: inTurn(queries, (q) => growing.add([q])) },
  ]
  const close = async () => {
    await index.close()
    await growing.close()
  }
  try {
    return { cases: [...ours, ...hnswlibCases()], close }
  } catch (error) {
    return { cases: ours, missing: String(error), close }
  }
}

function hnswlibCases(): Case[] {
  const { HierarchicalNSW } = loadPeer<{
    HierarchicalNSW: new (space: 'l2', dimension: number) => HierarchicalNSW
  }>('hnswlib-node')
  const make = (capacity: number) => {
    const index = new HierarchicalNSW('l2', dimension)
    index.initIndex(capacity, 16, 200, seed)
    index.setEf(ef)
    return index
  }
  const index = make(rowCount)
  rowCopies(vectors, dimension).forEach((row, id) => {
    index.addPoint(Array.from(row), id)
  })
  const arrays = queries.map((query) => Array.from(query))
  const growing = make(mostAdded)
  let id = 0
  return [
    {
      group: 'search, k 10',
      name: 'hnswlib-node searchKnn',
      run: inTurn(arrays, (query) => index.searchKnn(query, 10)),
    },
    {
      group: 'search, k 100',
      name: 'hnswlib-node searchKnn',
      run: inTurn(arrays, (query) => index.searchKnn(query, 100)),
    },
    {
      group: `${batchSize} queries, k 10`,
      name: 'hnswlib-node searchKnn, one by one',
      run: () => arrays.map((query) => index.searchKnn(query, 10)),
    },
    {
      group: 'add of one row',
      name: 'hnswlib-node addPoint',
      run: inTurn(arrays, (query) => growing.addPoint(query, id++)),
    },
  ]
}
