/** Files of vectors as other programs write them. */

/** A .npy file of the shape and type given; `data` is the array's bytes. */
export function npyBytes(
  data: ArrayBufferView,
  {
    descr,
    shape,
    order = 'False',
    version = 1,
  }: { descr: string; shape: string; order?: string; version?: number },
): Buffer {
  const lengthBytes = version === 1 ? 2 : 4
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`
  const header = text.padEnd(64 * Math.ceil((text.length + 9 + lengthBytes) / 64) - 9 - lengthBytes)
  const start = Buffer.alloc(8 + lengthBytes)
  start.write('\x93NUMPY', 'latin1')
  start[6] = version
  if (version === 1) start.writeUInt16LE(header.length + 1, 8)
  else start.writeUInt32LE(header.length + 1, 8)
  return Buffer.concat([start, Buffer.from(`${header}\n`), bytesOf(data)])
}

/** Rows of an .fvecs or .bvecs file, each behind its dimension. */
export function vecsBytes(rows: readonly (Float32Array | Uint8Array)[]): Buffer {
  return Buffer.concat(rows.flatMap((row) => [Buffer.from(Int32Array.of(row.length).buffer), bytesOf(row)]))
}

export const bytesOf = (data: ArrayBufferView): Buffer =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength)
