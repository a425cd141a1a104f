import type { AbortWatch } from './abort.ts'
import { SegvecError } from './errors.ts'
import type { IdType } from './ids.ts'
import { Pacer } from './pacer.ts'
import { type BatchResult, bytesPerQuery, type HitColumns, mostResultBytes } from './results.ts'
import { copyIfSmall, type RowReader, rowsPerSlice } from './vectors.ts'

// Making them into JavaScript values is what takes the time: up to half a microsecond for each id that is a string.
const mostChunkResultBytes = 1024 * 1024
// One being searched while the next one is copied.
const chunksInFlight = 2

/** @throws {SegvecError} `INVALID_ARGUMENT` if the results of so many queries would take more than 1 GiB. */
export function assertResultFits(queryCount: number, k: number, idType: IdType): void {
  const mostQueries = Math.floor(mostResultBytes / bytesPerQuery(k, idType))
  if (queryCount <= mostQueries) return
  const advice =
    mostQueries === 0 ? 'ask for fewer hits per query' : `search at most ${mostQueries} queries per call`
  throw new SegvecError(
    'INVALID_ARGUMENT',
    `the results of ${queryCount} queries with k = ${k} take more than 1 GiB; ${advice}`,
  )
}

/**
 * Searches many queries in chunks, so that no call holds up the event loop by copying in or out. Queries of at most 4 MiB have
 * been copied when this returns its promise.
 *
 * @param search Searches one chunk; has copied it when it returns its promise.
 */
export async function searchInChunks<T extends IdType>(
  queries: RowReader,
  dimension: number,
  result: BatchResult<T>,
  search: (chunk: Float32Array) => Promise<HitColumns>,
  abort: AbortWatch,
): Promise<void> {
  const pacer = new Pacer()
  const resultRows = Math.max(1, Math.floor(mostChunkResultBytes / bytesPerQuery(result.k, result.idType)))
  const chunkRows = Math.min(rowsPerSlice(dimension), resultRows)
  // What fits into the chunks in flight is read at once anyway.
  const copy = queries.rowCount > chunksInFlight * chunkRows ? copyIfSmall(queries, dimension) : undefined
  const read = (start: number, end: number) =>
    copy?.subarray(start * dimension, end * dimension) ?? queries.read(start, end)
  let next = 0
  let failure: { readonly error: unknown } | undefined

  const searchChunks = async () => {
    while (next < queries.rowCount && failure === undefined) {
      const start = next
      next = Math.min(start + chunkRows, queries.rowCount)
      const pause = pacer.pauseBefore((next - start) * dimension * Float32Array.BYTES_PER_ELEMENT)
      const end = next
      if (pause !== undefined) await pause.then(() => abort.throwIfAborted())
      const chunk = read(start, end)
      let hits: HitColumns
      try {
        hits = await search(chunk)
      } catch (error) {
        throw withOffset(abort.fromNative(error), start)
      }
      result.put(start, hits)
    }
  }
  const searchOrFail = async () => {
    try {
      await searchChunks()
    } catch (error) {
      failure ??= { error }
    }
  }
  // All come to an end before the first failure is thrown: nothing is left running behind the caller's back.
  await Promise.all(Array.from({ length: chunksInFlight }, searchOrFail))
  if (failure !== undefined) throw (failure as { readonly error: unknown }).error
}

/** The native side counts the queries of a chunk from 0. */
function withOffset(error: SegvecError, start: number): SegvecError {
  if (start === 0 || error.code !== 'INVALID_VECTOR') return error
  const message = error.message.replace(/^query (\d+)/, (_, query) => `query ${Number(query) + start}`)
  return new SegvecError(error.code, message)
}
