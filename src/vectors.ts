import {
  assertAttached,
  isList,
  isNumericArray,
  isShared,
  listLength,
  type NumericArray,
  typedArrayKind,
  typedArrayLength,
  viewOf,
} from './arrays.ts'
import { describe } from './describe.ts'
import { SegvecError } from './errors.ts'

/** One vector of `dimension` values. */
export type Vector = NumericArray | readonly number[]

/**
 * Many vectors: one typed array of `count * dimension` values, row-major, or an array of `count` vectors. Integers become
 * floats on the way in: for a `Uint8Array` that takes no longer than copying a `Float32Array` of as many values.
 */
export type Vectors = NumericArray | readonly Vector[]

/** How vectors are called in messages: `vectors` are made of `row 0`, `row 1`, ... */
export interface VectorNames {
  readonly all: string
  readonly one: string
}

/** Vectors of a caller, read slice by slice. */
export interface RowReader {
  readonly rowCount: number
  /**
   * Rows `start` to `end` (excluded), row-major. Looks at the caller's memory afresh at each call; the array
   * returned is valid until the next one.
   *
   * @throws {SegvecError} `DIMENSION_MISMATCH`, `INVALID_VECTOR`, or `INVALID_ARGUMENT` if the vectors are no longer
   * as many as they were. Whatever the caller's own getters throw is passed on.
   */
  read(start: number, end: number): Float32Array
}

// Copies on the JS thread stay below 4 MiB per tick of the event loop.
const sliceBytes = 4 * 1024 * 1024
const mostRowsPerSlice = 16_384
const bytesPerFloat = 4

/** How many rows make a slice: at most 4 MiB of floats and at most 16,384 rows. */
export function rowsPerSlice(dimension: number): number {
  return Math.min(mostRowsPerSlice, Math.floor(sliceBytes / (dimension * bytesPerFloat)))
}

/** A reader for vectors in any accepted shape. @throws {SegvecError} `INVALID_ARGUMENT`, `DIMENSION_MISMATCH`. */
export function readerOf(vectors: unknown, dimension: number, names: VectorNames): RowReader {
  if (isNumericArray(vectors)) return new FlatReader(vectors, dimension, names)
  if (isList(vectors)) return new ListReader(vectors, dimension, names)
  throw new SegvecError(
    'INVALID_ARGUMENT',
    `${names.all} is ${describe(vectors)}; expected a numeric typed array of count * dimension values or an array of vectors`,
  )
}

/**
 * All of a caller's vectors, copied, if they take at most 4 MiB; `undefined` for more.
 *
 * @throws {SegvecError} As `RowReader.read`.
 */
export function copyIfSmall(rows: RowReader, dimension: number): Float32Array | undefined {
  const { rowCount } = rows
  if (rowCount * dimension * bytesPerFloat > sliceBytes) return undefined
  const copy = new Float32Array(rowCount * dimension)
  const sliceRows = rowsPerSlice(dimension)
  for (let start = 0; start < rowCount; start += sliceRows) {
    copy.set(rows.read(start, Math.min(start + sliceRows, rowCount)), start * dimension)
  }
  return copy
}

/** A reader for exactly one vector. @throws {SegvecError} `INVALID_ARGUMENT`, `DIMENSION_MISMATCH`, `INVALID_VECTOR`. */
export function readerOfOne(vector: unknown, dimension: number, name: string): RowReader {
  return new FlatReader(floatsOf(vector, dimension, name), dimension, { all: name, one: name })
}

/**
 * One vector as floats: the caller's own array where it already is what is needed, else a copy.
 *
 * @throws {SegvecError} `INVALID_ARGUMENT`, `DIMENSION_MISMATCH`, `INVALID_VECTOR`.
 */
export function floatsOf(vector: unknown, dimension: number, name: string): Float32Array {
  if (typedArrayKind(vector) === 'Float32Array') {
    const floats = vector as Float32Array
    if (typedArrayLength(floats) === dimension && !isShared(floats)) return floats
  }
  const copy = new Float32Array(dimension)
  copyVector(vector, copy, 0, dimension, name)
  return copy
}

/** One typed array of `count * dimension` values. */
class FlatReader implements RowReader {
  readonly rowCount: number
  readonly #values: NumericArray
  readonly #length: number
  readonly #dimension: number
  readonly #names: VectorNames
  readonly #isPassedOn: boolean
  #copy: Float32Array | undefined

  constructor(values: NumericArray, dimension: number, names: VectorNames) {
    const length = typedArrayLength(values)
    if (length === 0) assertAttached(values, names.all)
    if (length % dimension !== 0) {
      throw new SegvecError(
        'DIMENSION_MISMATCH',
        `${names.all} has ${length} values; expected a multiple of ${dimension}, the index's dimension`,
      )
    }
    this.rowCount = length / dimension
    this.#values = values
    this.#length = length
    this.#dimension = dimension
    this.#names = names
    this.#isPassedOn = typedArrayKind(values) === 'Float32Array' && !isShared(values)
  }

  read(start: number, end: number): Float32Array {
    const length = typedArrayLength(this.#values)
    if (length !== this.#length) {
      throw new SegvecError(
        'INVALID_ARGUMENT',
        `the buffer of ${this.#names.all} was detached or resized while it was read: it holds ${length} values and held ${this.#length}`,
      )
    }
    const valueCount = (end - start) * this.#dimension
    const slice = viewOf(this.#values, start * this.#dimension, valueCount)
    if (this.#isPassedOn) return slice as Float32Array
    this.#copy ??= new Float32Array(Math.min(this.rowCount, rowsPerSlice(this.#dimension)) * this.#dimension)
    const invalid = copyNumbers(slice, this.#copy, 0)
    if (invalid !== undefined) {
      const row = start + Math.floor(invalid / this.#dimension)
      throw notFinite(nameOf(this.#names.one, row), invalid % this.#dimension, slice[invalid])
    }
    return valueCount === this.#copy.length ? this.#copy : this.#copy.subarray(0, valueCount)
  }
}

/** An array with one vector per entry. */
class ListReader implements RowReader {
  readonly rowCount: number
  readonly #rows: readonly unknown[]
  readonly #dimension: number
  readonly #names: VectorNames
  #copy: Float32Array | undefined

  constructor(rows: readonly unknown[], dimension: number, names: VectorNames) {
    this.rowCount = listLength(rows, names.all)
    this.#rows = rows
    this.#dimension = dimension
    this.#names = names
  }

  read(start: number, end: number): Float32Array {
    const { all, one } = this.#names
    const rowCount = listLength(this.#rows, all)
    if (rowCount !== this.rowCount) {
      throw new SegvecError(
        'INVALID_ARGUMENT',
        `${all} changed while it was read: it has ${rowCount} entries and had ${this.rowCount}`,
      )
    }
    const dimension = this.#dimension
    this.#copy ??= new Float32Array(Math.min(this.rowCount, rowsPerSlice(dimension)) * dimension)
    const copy = this.#copy
    for (let row = start; row < end; ++row) {
      copyVector(this.#rows[row], copy, (row - start) * dimension, dimension, one, row)
    }
    const valueCount = (end - start) * dimension
    return valueCount === copy.length ? copy : copy.subarray(0, valueCount)
  }
}

/** Copies one vector into `into` from `offset` on, checking that it is one. */
function copyVector(
  vector: unknown,
  into: Float32Array,
  offset: number,
  dimension: number,
  name: string,
  row?: number,
): void {
  if (isNumericArray(vector)) {
    const length = typedArrayLength(vector)
    if (length === 0) assertAttached(vector, nameOf(name, row))
    if (length !== dimension) throw wrongDimension(nameOf(name, row), length, dimension)
    const invalid = copyNumbers(vector, into, offset)
    if (invalid !== undefined) throw notFinite(nameOf(name, row), invalid, vector[invalid])
  } else if (isList(vector)) {
    const length = listLength(vector, name)
    if (length !== dimension) throw wrongDimension(nameOf(name, row), length, dimension, vector[0])
    for (let position = 0; position < dimension; ++position) {
      const value = vector[position]
      if (typeof value !== 'number') throw notNumber(nameOf(name, row), position, value)
      into[offset + position] = value
      if (!Number.isFinite(into[offset + position])) throw notFinite(nameOf(name, row), position, value)
    }
  } else {
    throw new SegvecError(
      'INVALID_ARGUMENT',
      `${nameOf(name, row)} is ${describe(vector)}; expected a vector: a numeric typed array or an array of numbers`,
    )
  }
}

/**
 * Copies a typed array and returns the index of the first value that is not finite, if there is one. What is a
 * float32 already is not looked at here (the native side does that, on its own copy); a wider float is, so that the
 * message can show the value as the caller wrote it.
 */
function copyNumbers(from: NumericArray, into: Float32Array, offset: number): number | undefined {
  if (typedArrayKind(from) !== 'Float64Array') {
    into.set(from, offset)
    return undefined
  }
  const length = typedArrayLength(from)
  for (let index = 0; index < length; ++index) {
    into[offset + index] = from[index] as number
    if (!Number.isFinite(into[offset + index])) return index
  }
  return undefined
}

// Names are put together for a message only: most rows never need theirs.
function nameOf(name: string, row: number | undefined): string {
  return row === undefined ? name : `${name} ${row}`
}

function wrongDimension(name: string, length: number, dimension: number, first?: unknown): SegvecError {
  return new SegvecError(
    'DIMENSION_MISMATCH',
    `${name} has ${length} values; expected ${dimension}, the index's dimension${hintAt(first, name)}`,
  )
}

/** Where the first value of what should be a vector is one itself. */
function hintAt(first: unknown, name: string): string {
  if (!isList(first) && !ArrayBuffer.isView(first)) return ''
  return name === 'query' ? ' (searchBatch takes several queries)' : ' (it is an array of vectors)'
}

function notNumber(name: string, position: number, value: unknown): SegvecError {
  return invalidValue(name, position, value, `a number${position === 0 ? hintAt(value, name) : ''}`)
}

function notFinite(name: string, position: number, value: number | undefined): SegvecError {
  return invalidValue(name, position, value, 'a finite number of magnitude up to 1e17')
}

// Worded as the native side words it, which is the one to check values that are floats already.
function invalidValue(name: string, position: number, value: unknown, expected: string): SegvecError {
  const message = `${name}, position ${position} is ${describe(value)}; expected ${expected}`
  return new SegvecError('INVALID_VECTOR', message)
}
