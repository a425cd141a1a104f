import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import { types } from 'node:util'
import { SegvecError } from '../errors.ts'
import { integerOption, readOptions } from '../option-reader.ts'
import { pathOf } from '../path.ts'
import { elementTypes } from './element-types.ts'
import { type Layout, type OpenFile, readBytes } from './layout.ts'
import { npyLayout } from './npy.ts'
import { rawLayout } from './raw.ts'
import { rowHeaderBytes, vecsLayout } from './vecs.ts'

/** Vectors read from a file, row-major. */
export interface VectorFile {
  /** `count * dimension` floats. */
  readonly vectors: Float32Array
  readonly count: number
  readonly dimension: number
}

/** How a file of vectors is read; all of it can be left out. */
export interface VectorFileOptions {
  /** Values per vector, for files that do not say so themselves (`.u8`, `.i8`, `.f32`). */
  readonly dimension?: number | undefined
  /** Reads no more than so many vectors, from the start. */
  readonly limit?: number | undefined
}

const sliceBytes = 4 * 1024 * 1024
const mostDimension = 4096

const formats: Readonly<Record<string, (file: OpenFile, dimension: number | undefined) => Promise<Layout>>> =
  {
    '.npy': npyLayout,
    '.fvecs': (file) => vecsLayout(file, 'float32'),
    '.bvecs': (file) => vecsLayout(file, 'uint8'),
    '.f32': (file, dimension) => rawLayout(file, 'float32', dimension),
    '.u8': (file, dimension) => rawLayout(file, 'uint8', dimension),
    '.i8': (file, dimension) => rawLayout(file, 'int8', dimension),
  }

/** The endings of the files that `readVectorFile` reads. */
export const vectorFileEndings: readonly string[] = Object.keys(formats)

/**
 * Reads a file of vectors; its ending says how: `.npy` (two dimensions, C order, float64, float32, float16, uint8 or
 * int8), `.fvecs`, `.bvecs`, or the bare values as `.f32`, `.u8` or `.i8`. A bare file's dimension is an option, or stands
 * in a file beside it: `<path>.shape` with `1000 128` in it, or `meta.json` with a `dimension`.
 *
 * @throws {SegvecError} `NOT_FOUND`, `IO`, `OUT_OF_MEMORY`, `CORRUPT` where the file is not what its ending says,
 * `INVALID_ARGUMENT` where its form is not supported or its dimension unknown, `DIMENSION_MISMATCH` where it says another one
 * than `dimension`; as a rejection.
 * @example
 * const { vectors, dimension } = await readVectorFile('embeddings.npy')
 * const index = new VectorIndex({ dimension })
 * await index.add(vectors)
 */
export async function readVectorFile(file: string | URL, options?: VectorFileOptions): Promise<VectorFile> {
  const path = pathOf(file, 'file')
  const raw = readOptions(options, ['dimension', 'limit'])
  const dimension =
    raw.dimension === undefined ? undefined : integerOption('dimension', raw.dimension, 1, mostDimension)
  const limit = integerOption('limit', raw.limit, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  const layoutOf = formats[extname(path).toLowerCase()]
  if (layoutOf === undefined) {
    const endings = vectorFileEndings.join(', ')
    throw new SegvecError('INVALID_ARGUMENT', `${path}: the ending is none of ${endings}`)
  }
  try {
    const handle = await open(path, 'r')
    try {
      const opened = { path, handle, bytes: (await handle.stat()).size }
      const layout = await layoutOf(opened, dimension)
      assertFits(opened, layout, dimension)
      return await readRows(opened, layout, Math.min(limit, layout.count))
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fromFileSystem(error, path)
  }
}

/** What the file claims against what it holds, so that nothing is allocated for rows that are not there. */
function assertFits({ path, bytes }: OpenFile, layout: Layout, wanted: number | undefined): void {
  const { count, dimension, elementType, dataOffset } = layout
  if (dimension < 1 || dimension > mostDimension) {
    throw new SegvecError(
      'INVALID_ARGUMENT',
      `${path}: the dimension is ${dimension}; expected 1 to ${mostDimension}`,
    )
  }
  if (wanted !== undefined && wanted !== dimension) {
    throw new SegvecError('DIMENSION_MISMATCH', `${path}: the dimension is ${dimension}; expected ${wanted}`)
  }
  const rowBytes = dimension * elementTypes[elementType].bytes + (layout.hasRowHeaders ? rowHeaderBytes : 0)
  if (!Number.isSafeInteger(count) || bytes - dataOffset !== count * rowBytes) {
    throw new SegvecError(
      'CORRUPT',
      `${path}: holds ${bytes - dataOffset} bytes of values; expected ${count * rowBytes}, which is ${count} rows of ${rowBytes}`,
    )
  }
}

async function readRows(file: OpenFile, layout: Layout, count: number): Promise<VectorFile> {
  const { dimension, dataOffset, hasRowHeaders } = layout
  const type = elementTypes[layout.elementType]
  const headerBytes = hasRowHeaders ? rowHeaderBytes : 0
  const rowBytes = headerBytes + dimension * type.bytes
  const sliceRows = Math.max(1, Math.floor(sliceBytes / rowBytes))
  const vectors = allocate(count * dimension, file.path)
  for (let first = 0; first < count; first += sliceRows) {
    const rows = Math.min(sliceRows, count - first)
    const bytes = await readBytes(file, dataOffset + first * rowBytes, rows * rowBytes)
    if (bytes.length !== rows * rowBytes) {
      throw new SegvecError('CORRUPT', `${file.path}: became shorter while it was read, at row ${first}`)
    }
    if (!hasRowHeaders) {
      type.decode(bytes, 0, vectors.subarray(first * dimension, (first + rows) * dimension))
      continue
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (let row = 0; row < rows; ++row) {
      const given = view.getInt32(row * rowBytes, true)
      if (given !== dimension) {
        const message = `row ${first + row} has dimension ${given}; expected ${dimension}, as in the rows before`
        throw new SegvecError('CORRUPT', `${file.path}: ${message}`)
      }
      const start = (first + row) * dimension
      type.decode(bytes, row * rowBytes + headerBytes, vectors.subarray(start, start + dimension))
    }
  }
  return { vectors, count, dimension }
}

function allocate(length: number, path: string): Float32Array {
  try {
    return new Float32Array(length)
  } catch (cause) {
    throw new SegvecError('OUT_OF_MEMORY', `${path}: its ${length} values do not fit into memory`, { cause })
  }
}

function fromFileSystem(error: unknown, path: string): unknown {
  if (error instanceof SegvecError || !types.isNativeError(error)) return error
  const { code, syscall, errno } = error as NodeJS.ErrnoException
  if (code === 'ENOENT')
    return new SegvecError('NOT_FOUND', `${path}: there is no such file`, { cause: error })
  if (syscall === undefined) return error
  return new SegvecError('IO', `${path}: ${error.message}`, { cause: error, syscall, path, errno })
}
