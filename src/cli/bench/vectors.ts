import { SegvecError } from '../../errors.ts'
import { readVectorFile } from '../../vector-files/index.ts'
import type { BenchOptions } from './options.ts'

/** Vectors to index and to search for, row-major. */
export interface BenchVectors {
  readonly dimension: number
  readonly base: Float32Array
  readonly queries: Float32Array
  /** Where the queries are from, in words. */
  readonly queriesFrom: string
  /** The same error, with rows by their numbers in the file, where some of them are held out. */
  inFile?(error: unknown): unknown
}

const mostQueries = 500
/** A small set gives no more than one row in ten away. */
const leastRowsPerQuery = 10

export async function loadVectors({ data, queries, dimension, limit }: BenchOptions): Promise<BenchVectors> {
  const file = await readVectorFile(data, { dimension, limit })
  if (queries === undefined) return heldOut(data, file)
  const { vectors, count } = await readVectorFile(queries, { dimension: file.dimension, limit: mostQueries })
  if (file.count === 0) throw tooFew(data, file.count, 1)
  if (count === 0) throw tooFew(queries, count, 1)
  return {
    dimension: file.dimension,
    base: file.vectors,
    queries: vectors,
    queriesFrom: `the first ${count} of ${queries}`,
  }
}

/** Takes every so manieth row out of the vectors: rows often come in an order, and this keeps all of it. */
function heldOut(
  path: string,
  { vectors, count, dimension }: { vectors: Float32Array; count: number; dimension: number },
): BenchVectors {
  if (count < leastRowsPerQuery) throw tooFew(path, count, leastRowsPerQuery)
  const step = Math.max(leastRowsPerQuery, Math.ceil(count / mostQueries))
  const queryCount = Math.floor(count / step)
  const base = new Float32Array((count - queryCount) * dimension)
  const queries = new Float32Array(queryCount * dimension)
  let baseEnd = 0
  let queriesEnd = 0
  for (let row = 0; row < count; ++row) {
    const vector = vectors.subarray(row * dimension, (row + 1) * dimension)
    if (row % step === step - 1) {
      queries.set(vector, queriesEnd)
      queriesEnd += dimension
    } else {
      base.set(vector, baseEnd)
      baseEnd += dimension
    }
  }
  const inFile = (error: unknown) => {
    if (!(error instanceof SegvecError)) return error
    const message = error.message
      .replace(/^row (\d+)/, (_, row) => `row ${Number(row) + Math.floor(Number(row) / (step - 1))}`)
      .replace(/^query (\d+)/, (_, query) => `row ${(Number(query) + 1) * step - 1}`)
    return new SegvecError(error.code, message, { cause: error })
  }
  return { dimension, base, queries, queriesFrom: `every ${step}th vector, held out`, inFile }
}

const tooFew = (path: string, count: number, expected: number) =>
  new SegvecError('INVALID_ARGUMENT', `${path}: holds ${count} vectors; expected ${expected} at least`)
