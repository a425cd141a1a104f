import type { FileHandle } from 'node:fs/promises'
import type { ElementTypeName } from './element-types.ts'

/** Where the rows of a vector file lie. */
export interface Layout {
  readonly count: number
  readonly dimension: number
  readonly elementType: ElementTypeName
  /** Bytes before the first row. */
  readonly dataOffset: number
  /** True where each row begins with its dimension, as an int32. */
  readonly hasRowHeaders: boolean
}

/** A file that is open, with what is known of it from outside. */
export interface OpenFile {
  readonly path: string
  readonly handle: FileHandle
  readonly bytes: number
}

/** Reads exactly so many bytes, or as many as there are. */
export async function readBytes({ handle }: OpenFile, offset: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return buffer.subarray(0, done)
}
