/**
 * Looking at arrays of the caller without running the caller's code: subclasses, proxies and own properties
 * cannot make a typed array look longer, or of another kind, than the engine knows it to be.
 */

import { types } from 'node:util'
import { SegvecError } from './errors.ts'

/** A typed array of plain numbers; `Float16Array` is accepted too where the runtime has it. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array

const typedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype)

function intrinsicGetter<Result>(name: PropertyKey): (this: unknown) => Result {
  return Object.getOwnPropertyDescriptor(typedArrayPrototype, name)?.get as (this: unknown) => Result
}

const readKind = intrinsicGetter<string | undefined>(Symbol.toStringTag)
const readLength = intrinsicGetter<number>('length')
const readBuffer = intrinsicGetter<ArrayBufferLike>('buffer')
const readByteOffset = intrinsicGetter<number>('byteOffset')
const readKeys = (typedArrayPrototype as Uint8Array).keys

interface ViewConstructor {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ArrayBufferView
}

const numericViews = new Map<string | undefined, ViewConstructor>(
  [
    Float32Array,
    Float64Array,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
  ].map((view) => [view.name, view as ViewConstructor]),
)
const { Float16Array } = globalThis as { readonly Float16Array?: ViewConstructor }
if (Float16Array !== undefined) numericViews.set('Float16Array', Float16Array)

/** The name of the typed array's class (`Float32Array`, also for a subclass); `undefined` for anything else. */
export function typedArrayKind(value: unknown): string | undefined {
  return readKind.call(value)
}

/** Whether the value is a typed array whose elements are numbers (not bigints). */
export function isNumericArray(value: unknown): value is NumericArray {
  return numericViews.has(readKind.call(value))
}

/** Whether the value is an `Array`; a revoked proxy is none. */
export function isList(value: unknown): value is readonly unknown[] {
  return !isRevokedProxy(value) && Array.isArray(value)
}

/** Whether the value is a proxy that has been revoked: whatever is done with it throws. */
export function isRevokedProxy(value: unknown): boolean {
  try {
    Array.isArray(value)
    return false
  } catch {
    return true // nothing else makes it throw
  }
}

/** Elements in the typed array at this moment: 0 once its buffer is detached or no longer reaches it. */
export function typedArrayLength(array: ArrayBufferView): number {
  return readLength.call(array)
}

/** Whether other threads may write to the typed array's memory. */
export function isShared(array: ArrayBufferView): boolean {
  return types.isSharedArrayBuffer(readBuffer.call(array))
}

/** A plain view of `length` elements from element `start` on, whatever subclass `array` is of; copies nothing. */
export function viewOf<View extends NumericArray>(array: View, start: number, length: number): View {
  const view = numericViews.get(readKind.call(array)) as ViewConstructor
  const byteOffset = readByteOffset.call(array) + start * view.BYTES_PER_ELEMENT
  return new view(readBuffer.call(array), byteOffset, length) as View
}

/**
 * Tells an array that is empty from one whose memory has gone.
 *
 * @throws {SegvecError} `INVALID_ARGUMENT` if the buffer is detached, or was resized so that it ends before the array.
 */
export function assertAttached(array: ArrayBufferView, name: string): void {
  try {
    readKeys.call(array as Uint8Array)
  } catch {
    throw new SegvecError(
      'INVALID_ARGUMENT',
      `${name} lies on a buffer that was detached (transferred) or shrunk; expected one that can be read`,
    )
  }
}

/**
 * The `length` of a list, which a proxy may answer with anything.
 *
 * @throws {SegvecError} `INVALID_ARGUMENT` if it is no length.
 */
export function listLength(list: readonly unknown[], name: string): number {
  const length: unknown = list.length
  if (Number.isSafeInteger(length) && (length as number) >= 0) return length as number
  throw new SegvecError('INVALID_ARGUMENT', `the length of ${name} is not an integer >= 0`)
}
