import { SegvecError } from './errors.ts'
import type { Id, IdColumn, IdType } from './ids.ts'

/** One vector found. */
export interface SearchHit<T extends IdType = 'number'> {
  readonly id: Id<T>
  /** Under the index's metric; smaller is nearer. */
  readonly distance: number
}

/**
 * What many queries found, in flat arrays: the hits of query `q` are at `q * k` to `q * k + counts[q]` (excluded) of
 * `ids` and `distances`, nearest first, equal distances by ascending id.
 */
export interface BatchHits<T extends IdType = 'number'> {
  /** Places per query: the `k` asked for, or the size of the index if that is less. */
  readonly k: number
  /** `queryCount * k` ids; places without a hit hold `-1`, `2n ** 64n - 1n` or `''`. */
  readonly ids: IdColumn<T>
  /** `queryCount * k` distances; places without a hit hold `Infinity`. */
  readonly distances: Float32Array
  /** Hits per query; less than `k` only where an approximate search found fewer, or vectors were removed meanwhile. */
  readonly counts: Uint32Array
}

/** Hits as the native side gives them: as in `BatchHits`, but places without a hit may hold anything. */
export interface HitColumns {
  readonly k: number
  readonly ids: IdColumn
  readonly distances: Float32Array
  readonly counts: Uint32Array
  /** Of the ids that are strings, each counted once. */
  readonly textBytes: number
}

/** The hits of the first query in the columns, which are `count`. */
export function hitsOf<T extends IdType>(
  { ids, distances }: Pick<HitColumns, 'ids' | 'distances'>,
  count: number,
): SearchHit<T>[] {
  const hits = new Array<SearchHit<T>>(count)
  for (let rank = 0; rank < count; ++rank) {
    hits[rank] = { id: ids[rank] as Id<T>, distance: distances[rank] as number }
  }
  return hits
}

/** The hits of a search for one query. */
export function firstHits<T extends IdType>(columns: HitColumns): SearchHit<T>[] {
  const count = columns.counts[0] ?? 0
  assertHitsFit(columns.k, () => count) // there may be more vectors than when the search began
  return hitsOf(columns, count)
}

// An object takes about 70 bytes of V8's heap, over whose end the process ends.
const mostHits = 2 ** 22

/**
 * @throws {SegvecError} `INVALID_ARGUMENT` for a `k` that would find more hits than can be given as objects.
 */
export function assertHitsFit(k: number, vectorCount: () => number): void {
  if (k <= mostHits) return
  const count = Math.min(k, vectorCount())
  if (count <= mostHits) return
  const hint = `expected ${mostHits} at most; searchBatch takes more, whose results are typed arrays`
  throw new SegvecError('INVALID_ARGUMENT', `k is ${k}, which makes ${count} hits; ${hint}`)
}

/** What the results of one call may take. */
export const mostResultBytes = 2 ** 30

// A short string takes about three words beside the pointer to it.
const bytesPerId = { number: 8, bigint: 8, string: 32 }
const padding = { number: -1, bigint: 2n ** 64n - 1n, string: '' }

/** Bytes that a batch result takes per query. */
export function bytesPerQuery(k: number, idType: IdType): number {
  return k * (bytesPerId[idType] + Float32Array.BYTES_PER_ELEMENT) + Uint32Array.BYTES_PER_ELEMENT
}

/** Puts the results of chunks of queries together. */
export class BatchResult<T extends IdType> implements BatchHits<T> {
  readonly k: number
  readonly ids: IdColumn<T>
  readonly distances: Float32Array
  readonly counts: Uint32Array

  readonly idType: T
  #textBytes = 0

  /** @throws {SegvecError} `OUT_OF_MEMORY`. */
  constructor(queryCount: number, k: number, idType: T) {
    this.idType = idType
    this.k = k
    const { ids, distances, counts } = emptyColumns<T>(queryCount, k, idType)
    this.ids = ids
    this.distances = distances
    this.counts = counts
  }

  /**
   * Takes over the hits of the queries from `start` on.
   *
   * @throws {SegvecError} `INVALID_ARGUMENT` once the strings among the ids take more than 1 GiB.
   */
  put(start: number, columns: HitColumns): void {
    this.#textBytes += columns.textBytes
    if (this.#textBytes > mostResultBytes) {
      const message = 'the ids that were found take more than 1 GiB; search fewer queries per call'
      throw new SegvecError('INVALID_ARGUMENT', message)
    }
    columns.counts.forEach((found, query) => {
      const count = Math.min(found, this.k)
      const from = query * columns.k
      const to = (start + query) * this.k
      this.counts[start + query] = count
      for (let rank = 0; rank < count; ++rank) {
        this.ids[to + rank] = columns.ids[from + rank] as Id<T>
        this.distances[to + rank] = columns.distances[from + rank] as number
      }
      for (let rank = count; rank < this.k; ++rank) {
        this.ids[to + rank] = padding[this.idType] as Id<T>
        this.distances[to + rank] = Number.POSITIVE_INFINITY
      }
    })
  }
}

/**
 * Places for the `k` hits of each of `queryCount` queries.
 *
 * @throws {SegvecError} `OUT_OF_MEMORY`.
 */
export function emptyColumns<T extends IdType>(queryCount: number, k: number, idType: T) {
  try {
    return {
      ids: emptyColumn(queryCount * k, idType) as IdColumn<T>,
      distances: new Float32Array(queryCount * k),
      counts: new Uint32Array(queryCount),
    }
  } catch (cause) {
    const message = `no memory for the results of ${queryCount} queries with k = ${k}`
    throw new SegvecError('OUT_OF_MEMORY', message, { cause })
  }
}

function emptyColumn(length: number, idType: IdType): IdColumn {
  switch (idType) {
    case 'number':
      return new Float64Array(length)
    case 'bigint':
      return new BigUint64Array(length)
    case 'string':
      return new Array<string>(length)
  }
}
