import { Random } from './random.ts'

const sampleSize = 4000
const rounds = 24

/**
 * Coordinates of the rows on their two principal axes: `rowCount * 2` floats, row-major, with mean 0 and a standard deviation
 * of 1 along the first axis. The axes come from orthogonal iteration over at most {@link sampleSize} rows.
 */
export function principalCoordinates(vectors: Float32Array, dimension: number): Float32Array {
  const rowCount = vectors.length / dimension
  const stride = Math.max(1, Math.floor(rowCount / sampleSize))
  const sampled = Array.from({ length: Math.ceil(rowCount / stride) }, (_, at) => at * stride)
  const row = (at: number): Float32Array => vectors.subarray(at * dimension, (at + 1) * dimension)

  const mean = new Float64Array(dimension)
  for (const at of sampled) {
    row(at).forEach((value, axis) => {
      add(mean, axis, value / sampled.length)
    })
  }

  const random = new Random(1)
  let [first, second] = [0, 1].map(() => Float64Array.from({ length: dimension }, () => random.signed())) as [
    Float64Array,
    Float64Array,
  ]
  for (let round = 0; round < rounds; round++) {
    const next = [new Float64Array(dimension), new Float64Array(dimension)] as const
    for (const at of sampled) {
      const values = row(at)
      const along = [centredDot(values, mean, first), centredDot(values, mean, second)] as const
      for (let axis = 0; axis < dimension; axis++) {
        const centred = (values[axis] as number) - (mean[axis] as number)
        add(next[0], axis, along[0] * centred)
        add(next[1], axis, along[1] * centred)
      }
    }
    first = unit(next[0])
    const shared = dot(next[1], first)
    second = unit(next[1].map((value, axis) => value - shared * (first[axis] as number)))
  }

  const coordinates = new Float32Array(rowCount * 2)
  let squares = 0
  for (let at = 0; at < rowCount; at++) {
    const along = centredDot(row(at), mean, first)
    coordinates[at * 2] = along
    coordinates[at * 2 + 1] = centredDot(row(at), mean, second)
    squares += along * along
  }
  const deviation = Math.sqrt(squares / rowCount) || 1
  return coordinates.map((value) => value / deviation)
}

function add(target: Float64Array, at: number, value: number): void {
  target[at] = (target[at] as number) + value
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] as number), 0)
}

function centredDot(values: Float32Array, mean: Float64Array, axis: Float64Array): number {
  let sum = 0
  for (let at = 0; at < axis.length; at++) {
    sum += ((values[at] as number) - (mean[at] as number)) * (axis[at] as number)
  }
  return sum
}

function unit(vector: Float64Array): Float64Array {
  const length = Math.sqrt(dot(vector, vector)) || 1
  return vector.map((value) => value / length)
}
