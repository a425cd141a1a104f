import { setImmediate as nextTick } from 'node:timers/promises'
import { assertAttached, isList, listLength, typedArrayKind, typedArrayLength } from './arrays.ts'
import { describe } from './describe.ts'
import { SegvecError } from './errors.ts'

/** The kinds an index's ids can be of. */
export const idTypes = ['number', 'bigint', 'string'] as const

/** The kind of an index's ids, fixed when it is made. */
export type IdType = (typeof idTypes)[number]

/** One id: a safe integer >= 0, a bigint from 0 to 2^64 - 1, or a well-formed string. */
export type Id<T extends IdType> = { number: number; bigint: bigint; string: string }[T]

/** Many ids as results hold them. */
export type IdColumn<T extends IdType = IdType> = {
  number: Float64Array
  bigint: BigUint64Array
  string: string[]
}[T]

/** Many ids as `add`, `upsert` and `remove` take them: an array, or any typed array of the same kind of number. */
export type Ids<T extends IdType> =
  | readonly Id<T>[]
  | {
      number:
        | Float64Array
        | Float32Array
        | Uint32Array
        | Int32Array
        | Uint16Array
        | Int16Array
        | Uint8Array
        | Int8Array
      bigint: BigUint64Array | BigInt64Array
      string: never
    }[T]

const largestBigint = 2n ** 64n - 1n
const longestString = 65_535
const idsPerSlice = 16_384
/** One call takes no more: V8 ends the process over an array, or over values on its heap, that are a few times as many. */
const mostIdsPerCall = { number: 2 ** 26, bigint: 2 ** 24, string: 2 ** 24 }
const charactersPerSlice = 1_048_576

const expectations: { readonly [T in IdType]: string } = {
  number: 'a safe integer >= 0',
  bigint: 'a bigint from 0n to 2n ** 64n - 1n',
  string: `a well-formed string of at most ${longestString} characters`,
}

function isId(id: unknown, idType: IdType): boolean {
  switch (idType) {
    case 'number':
      return Number.isSafeInteger(id) && (id as number) >= 0
    case 'bigint':
      return typeof id === 'bigint' && id >= 0n && id <= largestBigint
    case 'string':
      return typeof id === 'string' && id.length <= longestString && isWellFormed(id)
  }
}

// ES2024, and in every Node that segvec supports: false for a string with a lone surrogate, which has no UTF-8 form.
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}

/**
 * Checks one id and returns it as the index knows it.
 *
 * @throws {SegvecError} `INVALID_ID`, naming the id as `name`, its value and what was expected.
 */
export function checkedId<T extends IdType>(id: unknown, idType: T, name: string): Id<T> {
  if (isId(id, idType)) return (id === 0 ? 0 : id) as Id<T> // -0 is the id 0
  throw new SegvecError(
    'INVALID_ID',
    `${name} is ${describe(id)}; expected ${expectations[idType]}, as the index's idType is '${idType}'`,
  )
}

/** Whether a value can only be meant as a single id. */
export function isSingleId(value: unknown): value is number | bigint | string {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string'
}

/** Reads the ids given to one call, slice by slice, each id once, and checks them on the way. */
export class IdReader<T extends IdType> {
  readonly count: number
  /** The ids read so far, in row order, where they are kept. */
  readonly accepted: Id<T>[] = []
  readonly #isKept: boolean
  #readCount = 0
  readonly #ids: ArrayLike<unknown>
  readonly #idType: T

  /** @throws {SegvecError} `INVALID_ARGUMENT` if `ids` is nothing that holds ids. */
  constructor(ids: unknown, idType: T, isKept = true) {
    if (!isSingleId(ids) && !isList(ids) && !isIdView(ids)) {
      throw new SegvecError('INVALID_ARGUMENT', `ids is ${describe(ids)}; expected an id or an array of ids`)
    }
    this.#ids = isSingleId(ids) ? [ids] : (ids as ArrayLike<unknown>)
    this.#idType = idType
    this.#isKept = isKept
    this.count = this.#currentCount()
    assertCountFits(this.count, idType, 'ids')
  }

  get isDone(): boolean {
    return this.#readCount === this.count
  }

  /**
   * Reads and checks the next ids: at most 16,384, and fewer if they are long strings.
   *
   * @throws {SegvecError} `INVALID_ID`, naming the row; `INVALID_ARGUMENT` if the ids changed in number meanwhile.
   */
  readSlice(): IdColumn {
    const count = this.#currentCount()
    if (count !== this.count) {
      const message = `ids was resized or detached while it was read: it has ${count} entries and had ${this.count}`
      throw new SegvecError('INVALID_ARGUMENT', message)
    }
    const start = this.#readCount
    const end = Math.min(start + idsPerSlice, count)
    if (this.#idType === 'string') return this.#readStrings(start, end)
    const column = this.#idType === 'number' ? new Float64Array(end - start) : new BigUint64Array(end - start)
    for (let row = start; row < end; ++row) column[row - start] = this.#readId(row) as never
    return column
  }

  #readStrings(start: number, end: number): string[] {
    const strings: string[] = []
    let characters = 0
    for (let row = start; row < end && characters < charactersPerSlice; ++row) {
      const id = this.#readId(row) as string
      characters += id.length
      strings.push(id)
    }
    return strings
  }

  #readId(row: number): Id<T> {
    const id = checkedId(this.#ids[row], this.#idType, `id of row ${row}`)
    this.#readCount += 1
    if (this.#isKept) this.accepted.push(id)
    return id
  }

  #currentCount(): number {
    const ids: unknown = this.#ids
    if (isList(ids)) return listLength(ids, 'ids')
    const view = ids as ArrayBufferView
    const length = typedArrayLength(view)
    if (length === 0) assertAttached(view, 'ids')
    return length
  }
}

/** @throws {SegvecError} `INVALID_ARGUMENT` for more ids or vectors than one call takes. */
export function assertCountFits(count: number, idType: IdType, name: string): void {
  const most = mostIdsPerCall[idType]
  if (count <= most) return
  throw new SegvecError('INVALID_ARGUMENT', `${name} are ${count}; expected ${most} at most in one call`)
}

function isIdView(value: unknown): boolean {
  return typedArrayKind(value) !== undefined
}

/**
 * Assigned ids in a plain array, made slice by slice so that millions of them do not hold up the event loop. String ids
 * arrive as the numbers they are the decimals of.
 */
export async function idList<T extends IdType>(
  column: Float64Array | BigUint64Array | undefined,
  idType: T,
): Promise<Id<T>[]> {
  if (column === undefined) return []
  const ids: Id<T>[] = []
  for (let start = 0; start < column.length; start += idsPerSlice) {
    if (start > 0) await nextTick()
    const end = Math.min(start + idsPerSlice, column.length)
    for (let row = start; row < end; ++row)
      ids.push((idType === 'string' ? String(column[row]) : column[row]) as Id<T>)
  }
  return ids
}
