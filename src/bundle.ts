import { constants } from 'node:buffer'
import { types } from 'node:util'
import { assertAttached, isShared, typedArrayKind, typedArrayLength, viewOf } from './arrays.ts'
import { describe } from './describe.ts'
import { fromNative, SegvecError } from './errors.ts'
import type { NativeAddon, NativeBundle, NativeByteStage } from './native/addon.ts'
import { Pacer } from './pacer.ts'

const sliceBytes = 4 * 1024 * 1024

/** Calls `copy(start, end)` for one slice of at most 4 MiB after another, letting the event loop turn in between. */
async function inSlices(
  byteLength: number,
  assertGoingOn: () => void,
  copy: (start: number, end: number) => void,
): Promise<void> {
  const pacer = new Pacer()
  for (let start = 0; start < byteLength; start += sliceBytes) {
    const end = Math.min(start + sliceBytes, byteLength)
    const pause = pacer.pauseBefore(end - start)
    if (pause !== undefined) await pause.then(assertGoingOn)
    copy(start, end)
  }
}

/** Copies a bundle into an array. @throws {SegvecError} `INVALID_ARGUMENT` where no array is that long, `OUT_OF_MEMORY`. */
export async function bytesOf(bundle: NativeBundle, assertGoingOn: () => void): Promise<Uint8Array> {
  const { byteLength } = bundle
  if (byteLength > constants.MAX_LENGTH) {
    throw new SegvecError(
      'INVALID_ARGUMENT',
      `the index takes ${byteLength} bytes; expected at most ${constants.MAX_LENGTH}, the longest buffer here: save() it instead`,
    )
  }
  const bytes = allocated(byteLength)
  await inSlices(byteLength, assertGoingOn, (start, end) => {
    try {
      bundle.read(start, bytes.subarray(start, end))
    } catch (error) {
      throw fromNative(error)
    }
  })
  return bytes
}

function allocated(byteLength: number): Uint8Array {
  try {
    return new Uint8Array(byteLength)
  } catch (error) {
    throw new SegvecError('OUT_OF_MEMORY', `an array of ${byteLength} bytes could not be had`, {
      cause: error,
    })
  }
}

/** Bytes of a caller, which somebody else may change, detach or resize at any time. */
export class ByteReader {
  readonly byteLength: number
  readonly #bytes: Uint8Array

  /** @throws {SegvecError} `INVALID_ARGUMENT` unless it is a `Uint8Array` (a `Buffer` is one) or an `ArrayBuffer` that can be read. */
  constructor(bytes: unknown) {
    const array = types.isAnyArrayBuffer(bytes) ? arrayOf(bytes) : bytes
    if (typedArrayKind(array) !== 'Uint8Array') {
      const message = `bytes is ${describe(bytes)}; expected a Uint8Array or an ArrayBuffer`
      throw new SegvecError('INVALID_ARGUMENT', message)
    }
    this.#bytes = array as Uint8Array
    this.byteLength = typedArrayLength(this.#bytes)
    if (this.byteLength === 0) assertAttached(this.#bytes, 'bytes')
  }

  /** Copies the bytes into native memory: what is looked at is a copy that nobody else can change. */
  async stage(addon: NativeAddon, assertGoingOn: () => void): Promise<NativeByteStage> {
    const stage = nativeCall(() => new addon.ByteStage(this.byteLength))
    await inSlices(this.byteLength, assertGoingOn, (start, end) => {
      const slice = this.#read(start, end)
      nativeCall(() => stage.append(slice))
    })
    return stage
  }

  #read(start: number, end: number): Uint8Array {
    const length = typedArrayLength(this.#bytes)
    if (length !== this.byteLength) {
      if (length === 0) assertAttached(this.#bytes, 'bytes')
      throw new SegvecError(
        'INVALID_ARGUMENT',
        `bytes has length ${length} now; expected ${this.byteLength}, as at the call`,
      )
    }
    const view = viewOf(this.#bytes, start, end - start)
    return isShared(this.#bytes) ? new Uint8Array(view) : view
  }
}

function arrayOf(buffer: ArrayBufferLike): Uint8Array {
  try {
    return new Uint8Array(buffer)
  } catch (cause) {
    const message = 'bytes is a buffer that was detached (transferred); expected one that can be read'
    throw new SegvecError('INVALID_ARGUMENT', message, { cause })
  }
}

function nativeCall<Result>(call: () => Result): Result {
  try {
    return call()
  } catch (error) {
    throw fromNative(error)
  }
}
