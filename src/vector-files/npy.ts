import { SegvecError } from '../errors.ts'
import type { ElementTypeName } from './element-types.ts'
import { type Layout, type OpenFile, readBytes } from './layout.ts'

const magic = '\x93NUMPY'
const mostHeaderBytes = 1 << 20

/** NumPy's names for what can be read; a byte order means nothing to one byte. */
const typeNames: Readonly<Record<string, ElementTypeName>> = {
  '<f8': 'float64',
  '<f4': 'float32',
  '<f2': 'float16',
  '|u1': 'uint8',
  '|i1': 'int8',
}

/** NumPy's own format, versions 1 to 3: one C-ordered array of two dimensions. */
export async function npyLayout(file: OpenFile): Promise<Layout> {
  const corrupt = (message: string) => new SegvecError('CORRUPT', `${file.path}: ${message}`)
  const start = await readBytes(file, 0, 12)
  const view = new DataView(start.buffer, start.byteOffset, start.length)
  if (start.length < 10 || String.fromCharCode(...start.subarray(0, 6)) !== magic) {
    throw corrupt(`does not begin as a .npy file does; expected the bytes ${JSON.stringify(magic)}`)
  }
  const version = view.getUint8(6)
  if (version < 1 || version > 3 || (version > 1 && start.length < 12)) {
    throw corrupt(`.npy version ${version}; expected 1, 2 or 3`)
  }
  const lengthBytes = version === 1 ? 2 : 4
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const dataOffset = 8 + lengthBytes + length
  if (length > mostHeaderBytes || dataOffset > file.bytes) {
    throw corrupt(`the header claims ${length} bytes, in a file of ${file.bytes}`)
  }
  const header = new TextDecoder().decode(await readBytes(file, 8 + lengthBytes, length))
  return { ...readHeader(file.path, header), dataOffset, hasRowHeaders: false }
}

/** A Python dictionary such as `{'descr': '<f4', 'fortran_order': False, 'shape': (1000, 128), }`. */
function readHeader(path: string, header: string): Pick<Layout, 'count' | 'dimension' | 'elementType'> {
  const invalid = (message: string) => new SegvecError('INVALID_ARGUMENT', `${path}: ${message}`)
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1]
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1]
  const shape = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1]
  if (order === undefined || shape === undefined) {
    throw new SegvecError('CORRUPT', `${path}: the header of the .npy file names no order or no shape`)
  }
  const elementType = descr === undefined ? undefined : typeNames[descr]
  if (elementType === undefined) {
    const given = descr === undefined ? 'a structured type' : `'${descr}'`
    throw invalid(`the elements are ${given}; expected one of ${Object.keys(typeNames).join(', ')}`)
  }
  if (order === 'True') throw invalid('the array is in Fortran order; expected C order, one row per vector')
  const sizes = shape.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]))
  const [count, dimension] = sizes
  if (sizes.length !== 2 || count === undefined || dimension === undefined) {
    throw invalid(`the array has the shape (${shape.trim()}); expected two sizes, count and dimension`)
  }
  return { count, dimension, elementType }
}
