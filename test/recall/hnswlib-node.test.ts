import { createRequire } from 'node:module'
import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { clusteredVectors } from '../support/clustered.ts'
import { datasetPath, readDataset } from '../support/datasets.ts'

interface HierarchicalNSW {
  initIndex(maxElements: number, M: number, efConstruction: number, seed: number): void
  addPoint(vector: number[], id: number): void
  setEf(ef: number): void
  searchKnn(query: number[], k: number): { neighbors: number[] }
}
type Peer = { HierarchicalNSW: new (space: 'l2', dimension: number) => HierarchicalNSW }

/** The baseline, if it is installed beside the benchmarks (`node scripts/install-peers.mjs`). */
function loadPeer(): Peer | undefined {
  try {
    return createRequire(new URL('../../bench/peers/package.json', import.meta.url))('hnswlib-node') as Peer
  } catch {
    return undefined // not installed: the tests below are reported as skipped
  }
}

const peer = loadPeer()
const k = 10
const parameters = { M: 16, efConstruction: 200 }

const rowOf = (vectors: Float32Array, dimension: number, row: number) =>
  vectors.slice(row * dimension, (row + 1) * dimension)

function sets() {
  const dimension = 32
  const made = {
    name: '8,000 clustered vectors',
    dimension,
    base: clusteredVectors({ count: 8000, dimension }),
    queries: clusteredVectors({ count: 200, dimension, seed: 8 }),
  }
  const path = datasetPath('sift-ngt-5k-128')
  return path === undefined ? [made] : [made, { name: 'sift-ngt-5k-128', ...readDataset(path, 'l2') }]
}

/** Graphs are random: a single one is off by a point or two, the mean of some is not. */
const seeds = [1, 2, 3, 4]

describe.skipIf(peer === undefined).each(sets())('on $name', ({ dimension, base, queries }) => {
  test('recall is within a point of hnswlib-node at the same ef, or better', async () => {
    const { HierarchicalNSW } = peer as Peer
    const count = base.length / dimension
    const queryCount = queries.length / dimension
    const efs = [10, 20, 40, 80, 160]
    const ours = efs.map(() => 0)
    const theirs = efs.map(() => 0)
    for (const seed of seeds) {
      const other = new HierarchicalNSW('l2', dimension)
      other.initIndex(count, parameters.M, parameters.efConstruction, seed)
      for (let row = 0; row < count; ++row) other.addPoint(Array.from(rowOf(base, dimension, row)), row)
      const index = new VectorIndex({ dimension, metric: 'l2', seed, ...parameters })
      await index.add(base)
      expect(index.stats().segments).toHaveLength(1)
      const truth = await index.searchBatch(queries, { k, exact: true })
      efs.forEach((ef, at) => {
        other.setEf(ef)
        for (let query = 0; query < queryCount; ++query) {
          const floats = rowOf(queries, dimension, query)
          const wanted = new Set(truth.ids.slice(query * k, (query + 1) * k))
          const isHit = (id: number) => wanted.has(id)
          ours[at] =
            (ours[at] as number) + index.searchSync(floats, { k, ef }).filter(({ id }) => isHit(id)).length
          theirs[at] =
            (theirs[at] as number) + other.searchKnn(Array.from(floats), k).neighbors.filter(isHit).length
        }
      })
    }
    const total = seeds.length * queryCount * k
    efs.forEach((ef, at) => {
      const recalls = { ef, ours: (ours[at] as number) / total, theirs: (theirs[at] as number) / total }
      expect(recalls.ours, JSON.stringify(recalls)).toBeGreaterThanOrEqual(recalls.theirs - 0.01)
    })
  })
})
