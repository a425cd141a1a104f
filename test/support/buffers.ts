/** Detaches a typed array's buffer, as handing it to a worker does. */
export function detach<View extends ArrayBufferView>(view: View): View {
  structuredClone(null, { transfer: [view.buffer as ArrayBuffer] })
  return view
}

/** An `ArrayBuffer` that can be resized (ES2024, in every supported Node). */
export interface ResizableBuffer extends ArrayBuffer {
  resize(byteLength: number): void
}

export function resizableBuffer(byteLength: number, maxByteLength: number): ResizableBuffer {
  const create = ArrayBuffer as unknown as new (
    byteLength: number,
    options: { maxByteLength: number },
  ) => ResizableBuffer
  return new create(byteLength, { maxByteLength })
}

/** The same floats in memory that other threads could write to. */
export function shared(values: ArrayLike<number>): Float32Array<SharedArrayBuffer> {
  const view = new Float32Array(new SharedArrayBuffer(values.length * Float32Array.BYTES_PER_ELEMENT))
  view.set(values)
  return view
}
