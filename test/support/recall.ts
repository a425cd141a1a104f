import type { BatchHits } from 'segvec'

/** Allowed rounding when two computations of one distance are compared, relative to it. */
const tolerance = 1e-5

/**
 * Recall@k by distance: the share of hits that are no farther than the exact k-th neighbour of their query, so that
 * either of two equally distant vectors counts.
 */
export function recallAgainst(exact: BatchHits, found: BatchHits): number {
  let hits = 0
  for (const [query, count] of found.counts.entries()) {
    const start = query * found.k
    const farthest = exact.distances[query * exact.k + found.k - 1] as number
    const limit = farthest + Math.abs(farthest) * tolerance + Number.EPSILON
    for (let rank = 0; rank < count; ++rank) {
      if ((found.distances[start + rank] as number) <= limit) hits += 1
    }
  }
  return hits / (found.counts.length * found.k)
}
