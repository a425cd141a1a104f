import type { VectorIndex } from 'segvec'
import type { TextCorpus } from '../../corpus/text-corpus.ts'
import type { Answer } from '../answers.ts'
import { layOutNeighbors, type NeighborLists } from '../layout/neighbor-layout.ts'
import { principalCoordinates } from '../layout/principal-axes.ts'
import { Progress } from '../progress.ts'
import { grouped } from '../style.ts'

/** More points than this are sampled: each takes about 280 bytes of the page. */
const mostPoints = 45_000

/** Neighbours that hold a point in its place, and the most that are asked for to find them among a sample. */
const neighborCount = 12
const mostAsked = 64

/** The chunks on the map and where they stand: ascending ids, and two coordinates for each. */
export interface MapLayout {
  readonly shown: readonly number[]
  readonly places: Float32Array
}

/** Lays the corpus out in the plane by the neighbours that the index finds; a large one is sampled. */
export async function layOutMap(
  index: VectorIndex,
  corpus: TextCorpus,
  answers: readonly Answer[],
): Promise<MapLayout> {
  const shown = shownChunks(corpus.chunks.length, answers)
  const vectors = rowsOf(corpus, shown)
  const start = principalCoordinates(vectors, corpus.dimension)
  const searching = new Progress('neighbours', 'chunks')
  const neighbors = await neighborsAmong(index, corpus, shown, vectors)
  searching.finish(
    (elapsedMs) => `${grouped(shown.length)} searched, ${grouped((shown.length / elapsedMs) * 1000)}/s,`,
  )
  const progress = new Progress('map', 'rounds')
  const places = layOutNeighbors(start, neighbors, (done, total) => progress.update(done, total))
  progress.finish(() => `${grouped(shown.length)} of ${grouped(corpus.chunks.length)} chunks laid out`)
  return { shown, places }
}

function shownChunks(count: number, answers: readonly Answer[]): number[] {
  const sampled =
    count <= mostPoints
      ? Array.from({ length: count }, (_, id) => id)
      : Array.from({ length: mostPoints }, (_, at) => Math.floor((at * count) / mostPoints))
  const found = answers.flatMap(({ hits }) => hits.map(({ id }) => id))
  return [...new Set([...sampled, ...found])].sort((a, b) => a - b)
}

function rowsOf({ vectors, dimension }: TextCorpus, ids: readonly number[]): Float32Array {
  if (ids.length * dimension === vectors.length) return vectors
  const rows = new Float32Array(ids.length * dimension)
  ids.forEach((id, row) => {
    rows.set(vectors.subarray(id * dimension, (id + 1) * dimension), row * dimension)
  })
  return rows
}

/** The neighbours of the shown chunks among themselves, as positions in `shown`. */
async function neighborsAmong(
  index: VectorIndex,
  { chunks }: TextCorpus,
  shown: readonly number[],
  vectors: Float32Array,
): Promise<NeighborLists> {
  // Of k neighbours, only the share that is shown remains; the chunk itself is one of them.
  const k = Math.min(mostAsked, Math.ceil(((neighborCount + 1) * chunks.length) / shown.length))
  const found = await index.searchBatch(vectors, { k })
  const pointOf = new Int32Array(chunks.length).fill(-1)
  shown.forEach((id, point) => {
    pointOf[id] = point
  })
  return {
    k: found.k,
    ids: Int32Array.from(found.ids, (id) => (id < 0 ? -1 : (pointOf[id] as number))),
    distances: found.distances,
  }
}
