/** Row-major floats as one view per row. */
export const rowViews = (data: Float32Array, dimension: number): Float32Array[] =>
  Array.from({ length: data.length / dimension }, (_, row) =>
    data.subarray(row * dimension, (row + 1) * dimension),
  )

/** Row-major floats as one array per row, each with a buffer of its own. */
export const rowCopies = (data: Float32Array, dimension: number): Float32Array[] =>
  rowViews(data, dimension).map((row) => row.slice())

/** Row-major floats as one array of numbers per row. */
export const rowArrays = (data: Float32Array, dimension: number): number[][] =>
  rowViews(data, dimension).map((row) => Array.from(row))

/** The first and the second half of the rows. */
export function halvesOf(data: Float32Array, dimension: number): [Float32Array, Float32Array] {
  const middle = ((data.length / dimension) >> 1) * dimension
  return [data.subarray(0, middle), data.subarray(middle)]
}
