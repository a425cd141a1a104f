import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SegvecError } from '../errors.ts'
import { type ElementTypeName, elementTypes } from './element-types.ts'
import type { Layout, OpenFile } from './layout.ts'

/** Values and nothing else: the dimension is the caller's, or stands in a file beside it. */
export async function rawLayout(
  file: OpenFile,
  elementType: ElementTypeName,
  given: number | undefined,
): Promise<Layout> {
  const dimension = given ?? (await dimensionBeside(file.path))
  const rowBytes = dimension * elementTypes[elementType].bytes
  if (file.bytes % rowBytes !== 0) {
    throw new SegvecError(
      'CORRUPT',
      `${file.path}: holds ${file.bytes} bytes; expected a multiple of ${rowBytes}, a row of dimension ${dimension}`,
    )
  }
  return { count: file.bytes / rowBytes, dimension, elementType, dataOffset: 0, hasRowHeaders: false }
}

/** From `<path>.shape` (`1000 128`, as words, with commas or as JSON) or `meta.json` in the same folder (`dimension` or `dim`). */
async function dimensionBeside(path: string): Promise<number> {
  const shape = await textOf(`${path}.shape`)
  const meta = shape === undefined ? await textOf(join(dirname(path), 'meta.json')) : undefined
  const found =
    shape !== undefined ? shape.match(/\d+/g)?.at(-1) : /"dim(?:ension)?"\s*:\s*(\d+)/.exec(meta ?? '')?.[1]
  const dimension = Number(found)
  if (Number.isSafeInteger(dimension) && dimension > 0) return dimension
  throw new SegvecError(
    'INVALID_ARGUMENT',
    `${path}: the dimension is not known; pass it, or write '<count> <dimension>' into ${path}.shape`,
  )
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
