import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** A set of real vectors with the exact neighbours of its queries. */
export interface Dataset {
  readonly dimension: number
  readonly base: Float32Array
  readonly queries: Float32Array
  /** Per query, the rows of `base` nearest to it, nearest first. */
  readonly neighbors: readonly Int32Array[]
}

const folder = process.env['SEGVEC_DATA'] ?? resolve(import.meta.dirname, '../../../shared/data')

/** Where a set of vectors lies on this machine; `undefined` if it does not. */
export function datasetPath(name: string): string | undefined {
  const path = join(folder, 'vectors', name)
  return existsSync(join(path, 'meta.json')) ? path : undefined
}

export function readDataset(path: string, metric: 'l2' | 'cos'): Dataset {
  const meta = JSON.parse(readFileSync(join(path, 'meta.json'), 'utf8')) as {
    dim?: number
    dimension?: number
  }
  return {
    dimension: (meta.dimension ?? meta.dim) as number,
    base: readFloats(join(path, 'base')),
    queries: readFloats(join(path, 'query')),
    neighbors: readNeighbors(join(path, `gt_${metric}.ivecs`)),
  }
}

function readFloats(path: string): Float32Array {
  if (existsSync(`${path}.u8`)) return Float32Array.from(readFileSync(`${path}.u8`))
  const bytes = readFileSync(`${path}.f32`)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}

/** Rows of an ivecs file: an int32 count, then that many int32 row numbers, little-endian. */
function readNeighbors(path: string): Int32Array[] {
  const bytes = readFileSync(path)
  const rows: Int32Array[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const count = bytes.readInt32LE(offset)
    rows.push(Int32Array.from({ length: count }, (_, rank) => bytes.readInt32LE(offset + 4 + 4 * rank)))
    offset += 4 + 4 * count
  }
  return rows
}
