import { Random } from './random.ts'

export interface ClusteredShape {
  readonly count: number
  readonly dimension: number
  readonly clusterCount?: number
  /** Which members of the clusters: queries take another one than the vectors they are to find. */
  readonly seed?: number
}

/**
 * Vectors in overlapping clusters, row-major: cluster centres are standard normal, members lie around theirs with a
 * spread of 0.6 per dimension. The centres depend on the
 * shape only, so that sets of different seeds are drawn from one distribution. Deterministic in all of its arguments.
 */
export function clusteredVectors({
  count,
  dimension,
  clusterCount = 40,
  seed = 7,
}: ClusteredShape): Float32Array {
  const shape = new Random(clusterCount * 4099 + dimension)
  const centres = Float64Array.from({ length: clusterCount * dimension }, () => shape.normal())
  const random = new Random(seed)
  const vectors = new Float32Array(count * dimension)
  for (let row = 0; row < count; ++row) {
    const centre = random.below(clusterCount) * dimension
    for (let position = 0; position < dimension; ++position) {
      const offset = row * dimension + position
      vectors[offset] = (centres[centre + position] as number) + 0.6 * random.normal()
    }
  }
  return vectors
}

/** Ids 0 to `count - 1`. */
export function countingIds(count: number): number[] {
  return Array.from({ length: count }, (_, row) => row)
}
