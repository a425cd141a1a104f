import type { IdColumn, IdType } from './ids.ts'
import type { NativeIndex, NativeSearchRoom } from './native/addon.ts'
import { emptyColumns, hitsOf, type SearchHit } from './results.ts'

// More hits than this are asked for rarely.
const mostKeptPlaces = 1024
const fewestPlaces = 16

interface Room<T extends IdType> extends NativeSearchRoom {
  readonly ids: IdColumn<T>
}

/** Synchronous searches of one index, one after another in the same arrays, which the addon has looked up once. */
export class SearchRoom<T extends IdType> {
  readonly #native: NativeIndex
  readonly #dimension: number
  readonly #idType: T
  #kept: Room<T> | undefined

  constructor(native: NativeIndex, dimension: number, idType: T) {
    this.#native = native
    this.#dimension = dimension
    this.#idType = idType
  }

  /**
   * The hits of a query of `dimension` floats.
   *
   * @throws {SegvecError} `OUT_OF_MEMORY`. What the native side throws is passed on.
   */
  search(query: Float32Array, k: number, ef: number, exact: boolean): SearchHit<T>[] {
    const places = k <= mostKeptPlaces ? k : Math.max(1, Math.min(k, this.#native.size))
    try {
      const room = this.#roomFor(places)
      room.request[0] = places
      room.request[1] = ef
      room.request[2] = exact ? 1 : 0
      room.query.set(query)
      return hitsOf<T>(room, this.#native.searchSync())
    } finally {
      if (places > mostKeptPlaces) this.#release()
    }
  }

  #roomFor(places: number): Room<T> {
    if (this.#kept !== undefined && places <= this.#kept.distances.length) return this.#kept
    const { ids, distances } = emptyColumns<T>(1, Math.max(places, fewestPlaces), this.#idType)
    const room = { request: new Uint32Array(3), query: new Float32Array(this.#dimension), ids, distances }
    this.#native.useRoom(room)
    this.#kept = room
    return room
  }

  #release(): void {
    this.#kept = undefined
    this.#native.useRoom(undefined)
  }
}
