import { createHash } from 'node:crypto'
import type { VectorIndex } from 'segvec'

/** A digest of everything an index holds, in its order, and of what it finds for the queries given. */
export async function fingerprint(index: VectorIndex, queries: Float32Array): Promise<string> {
  // All but the memory, which includes what searches have set aside for the next ones.
  const segments = index.stats().segments.map(({ memoryBytes: _, ...shape }) => shape)
  const hash = createHash('sha256').update(JSON.stringify(segments))
  for await (const { id, vector } of index.entries()) hash.update(String(id)).update(vector)
  for (const ef of [10, 64]) {
    const { ids, distances, counts } = await index.searchBatch(queries, { ef })
    hash.update(ids).update(distances).update(counts)
  }
  return hash.digest('hex')
}
