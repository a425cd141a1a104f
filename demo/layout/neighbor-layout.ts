import { Random } from './random.ts'

/** Neighbours of each point: `pointCount * k` ids and distances, row-major, nearest first; -1 where there is none. */
export interface NeighborLists {
  readonly k: number
  readonly ids: ArrayLike<number>
  readonly distances: ArrayLike<number>
}

const epochs = 220
const pushesPerPull = 4
/** Standard deviation of the start positions along the first axis; neighbours come to rest less than 1 apart. */
const startSpread = 2
/** How much stronger a push is than a pull at the same distance. */
const pushStrength = 2
/** Share of its distance to the middle that a point loses per epoch at first: it keeps islands in sight. */
const gravity = 0.01
/** Longest step of one coordinate. */
const longestStep = 4

/**
 * Moves points in the plane so that neighbours come together and others apart, starting from `start`
 * (`pointCount * 2` floats); returns the new positions. Deterministic.
 *
 * It is the sampled attraction and repulsion of UMAP (McInnes, Healy, Melville, arXiv 1802.03426) with the kernel
 * 1 / (1 + d²) of t-SNE and LargeVis (Tang et al., arXiv 1602.00370), which needs no power function.
 */
export function layOutNeighbors(
  start: Float32Array,
  neighbors: NeighborLists,
  onProgress: (done: number, total: number) => void,
): Float32Array {
  const random = new Random(2)
  const pointCount = start.length / 2
  const { from, to, interval } = edgesOf(neighbors, pointCount)
  const due = interval.slice()
  const positions = start.map((value) => value * startSpread + random.signed() * 0.01)

  const step = (moved: number, other: number, force: number): void => {
    const dx = (positions[moved * 2] as number) - (positions[other * 2] as number)
    const dy = (positions[moved * 2 + 1] as number) - (positions[other * 2 + 1] as number)
    positions[moved * 2] = (positions[moved * 2] as number) + clamp(force * dx)
    positions[moved * 2 + 1] = (positions[moved * 2 + 1] as number) + clamp(force * dy)
  }
  const squaredDistance = (a: number, b: number): number =>
    ((positions[a * 2] as number) - (positions[b * 2] as number)) ** 2 +
    ((positions[a * 2 + 1] as number) - (positions[b * 2 + 1] as number)) ** 2

  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = 1 - epoch / epochs
    for (let edge = 0; edge < from.length; edge++) {
      if ((due[edge] as number) > epoch) continue
      due[edge] = (due[edge] as number) + (interval[edge] as number)
      const a = from[edge] as number
      const b = to[edge] as number
      const pull = (-2 * rate) / (1 + squaredDistance(a, b))
      step(a, b, pull)
      step(b, a, pull)
      for (let push = 0; push < pushesPerPull; push++) {
        const other = random.below(pointCount)
        if (other === a) continue
        const squared = squaredDistance(a, other)
        step(a, other, (2 * pushStrength * rate) / ((0.01 + squared) * (1 + squared)))
      }
    }
    const drawIn = 1 - gravity * rate
    for (let at = 0; at < positions.length; at++) positions[at] = (positions[at] as number) * drawIn
    onProgress(epoch + 1, epochs)
  }
  return positions
}

/**
 * The edges and how many epochs pass between two uses of each. Like UMAP's, weights fall with the distance beyond the
 * point's nearest neighbour, on a scale of the point's own, so that dense and sparse regions hold together equally.
 */
function edgesOf({ k, ids, distances }: NeighborLists, pointCount: number) {
  const from: number[] = []
  const to: number[] = []
  const interval: number[] = []
  for (let point = 0; point < pointCount; point++) {
    const places: number[] = []
    for (let place = point * k; place < (point + 1) * k; place++) {
      if ((ids[place] as number) >= 0 && ids[place] !== point) places.push(place)
    }
    const nearest = Math.min(...places.map((place) => distances[place] as number))
    const mean =
      places.reduce((sum, place) => sum + (distances[place] as number) - nearest, 0) / places.length
    for (const place of places) {
      const weight = mean > 0 ? Math.exp(-((distances[place] as number) - nearest) / mean) : 1
      from.push(point)
      to.push(ids[place] as number)
      interval.push(1 / Math.max(weight, 0.05))
    }
  }
  return { from: Int32Array.from(from), to: Int32Array.from(to), interval: Float32Array.from(interval) }
}

function clamp(value: number): number {
  return Math.max(-longestStep, Math.min(longestStep, value))
}
