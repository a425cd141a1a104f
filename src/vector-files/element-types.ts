/** How the values of a vector file are stored, all little-endian, and how they become floats. */
export interface ElementType {
  readonly bytes: number
  /** Reads `to.length` values from `from` on. `bytes` is aligned to nothing. */
  decode(bytes: Uint8Array, from: number, to: Float32Array): void
}

function viewed(width: number, read: (view: DataView, offset: number) => number): ElementType {
  return {
    bytes: width,
    decode(bytes, from, to) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + from, to.length * width)
      for (let i = 0; i < to.length; ++i) to[i] = read(view, i * width)
    },
  }
}

/** 1 sign, 5 exponent and 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

export const elementTypes = {
  float64: viewed(8, (view, offset) => view.getFloat64(offset, true)),
  float32: viewed(4, (view, offset) => view.getFloat32(offset, true)),
  float16: viewed(2, (view, offset) => halfToNumber(view.getUint16(offset, true))),
  uint8: {
    bytes: 1,
    decode: (bytes, from, to) => to.set(bytes.subarray(from, from + to.length)),
  },
  int8: viewed(1, (view, offset) => view.getInt8(offset)),
} as const satisfies Record<string, ElementType>

export type ElementTypeName = keyof typeof elementTypes
