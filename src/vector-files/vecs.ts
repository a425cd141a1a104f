import { SegvecError } from '../errors.ts'
import { type ElementTypeName, elementTypes } from './element-types.ts'
import { type Layout, type OpenFile, readBytes } from './layout.ts'

export const rowHeaderBytes = 4

/** `.fvecs` and `.bvecs`: per row an int32, the dimension, and then the values. */
export async function vecsLayout(file: OpenFile, elementType: ElementTypeName): Promise<Layout> {
  const start = await readBytes(file, 0, rowHeaderBytes)
  const corrupt = (message: string) => new SegvecError('CORRUPT', `${file.path}: ${message}`)
  if (start.length < rowHeaderBytes) {
    throw corrupt(`holds ${start.length} bytes; expected at least the ${rowHeaderBytes} of a row's dimension`)
  }
  const dimension = new DataView(start.buffer, start.byteOffset).getInt32(0, true)
  if (dimension < 1) throw corrupt(`the first row has dimension ${dimension}; expected 1 at least`)
  const rowBytes = rowHeaderBytes + dimension * elementTypes[elementType].bytes
  if (file.bytes % rowBytes !== 0) {
    throw corrupt(
      `holds ${file.bytes} bytes; expected a multiple of ${rowBytes}, a row of dimension ${dimension}`,
    )
  }
  return { count: file.bytes / rowBytes, dimension, elementType, dataOffset: 0, hasRowHeaders: true }
}
