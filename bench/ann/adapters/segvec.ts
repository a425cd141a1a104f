import { availableParallelism } from 'node:os'
import { VectorIndex } from 'segvec'
import type { Adapter } from './adapter.ts'

export const segvec: Adapter = {
  name: 'segvec',
  notes: 'float32; one segment per thread; searchSync, one query at a time',
  maxThreads: availableParallelism(),
  async prepare(set) {
    const count = set.queries.length / set.dimension
    const queries = Array.from({ length: count }, (_, q) =>
      set.queries.slice(q * set.dimension, (q + 1) * set.dimension),
    )
    return async ({ M, efConstruction, threads }) => {
      const { dimension, metric } = set
      const index = new VectorIndex({ dimension, metric, M, efConstruction, threads })
      await index.add(set.base)
      return {
        search: (q, k, ef) => index.searchSync(queries[q] as Float32Array, { k, ef }).map((hit) => hit.id),
        bytesPerVector: index.stats().memoryBytes / index.size,
        close: () => index.close(),
      }
    }
  },
}
