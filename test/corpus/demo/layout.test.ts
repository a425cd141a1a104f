import { expect, test } from 'vitest'
import { layOutNeighbors } from '../../../demo/layout/neighbor-layout.ts'
import { principalCoordinates } from '../../../demo/layout/principal-axes.ts'
import { Random } from '../../../demo/layout/random.ts'

const dimension = 12
const groupSize = 40
const groupCount = 5
const pointCount = groupSize * groupCount

/** Points in groups that lie far apart, with the neighbours of each from its own group. */
function groups() {
  const random = new Random(7)
  const vectors = Float32Array.from({ length: pointCount * dimension }, (_, at) => {
    const group = Math.floor(at / dimension / groupSize)
    return (at % dimension === group ? 4 : 0) + random.signed() * 0.2
  })
  const k = 6
  const ids = Int32Array.from({ length: pointCount * k }, (_, place) => {
    const point = Math.floor(place / k)
    const first = point - (point % groupSize)
    return place % k === 0 ? point : first + ((point + (place % k)) % groupSize)
  })
  const distances = Float32Array.from(ids, (_, place) => (place % k) * 0.1)
  return { vectors, neighbors: { k, ids, distances } }
}

const distance = (places: Float32Array, a: number, b: number): number =>
  Math.hypot(
    (places[a * 2] as number) - (places[b * 2] as number),
    (places[a * 2 + 1] as number) - (places[b * 2 + 1] as number),
  )

test('the principal axes hold the most variance: 1 along the first, less along the second, none shared', () => {
  const random = new Random(3)
  const spreads = [3, 9, 1, 0.5]
  const vectors = Float32Array.from(
    { length: 500 * 4 },
    (_, at) => random.signed() * (spreads[at % 4] as number) + 5,
  )
  const coordinates = principalCoordinates(vectors, 4)
  const [first, second] = [0, 1].map((axis) => coordinates.filter((_, at) => at % 2 === axis)) as [
    Float32Array,
    Float32Array,
  ]
  const moment = (a: Float32Array, b: Float32Array): number =>
    a.reduce((sum, value, at) => sum + value * (b[at] as number), 0) / 500
  expect(moment(first, first)).toBeCloseTo(1, 3)
  expect(Math.sqrt(moment(second, second))).toBeCloseTo(3 / 9, 1)
  expect(moment(first, second)).toBeCloseTo(0, 2)
  expect(Math.abs(first.reduce((sum, value) => sum + value, 0) / 500)).toBeLessThan(0.01)
})

test('neighbours come together and the rest keeps apart', () => {
  const { vectors, neighbors } = groups()
  const rounds: number[][] = []
  const places = layOutNeighbors(principalCoordinates(vectors, dimension), neighbors, (...call) =>
    rounds.push(call),
  )
  expect(rounds.at(-1)?.[0]).toBe(rounds.at(-1)?.[1])
  expect(places.every(Number.isFinite)).toBe(true)
  let within = 0
  let between = 0
  for (let point = 0; point < pointCount; point++) {
    within += distance(places, point, point - (point % groupSize) + ((point + 1) % groupSize)) / pointCount
    between += distance(places, point, (point + groupSize) % pointCount) / pointCount
  }
  expect(between).toBeGreaterThan(4 * within)
})

test('the layout is the same on every run', () => {
  const { vectors, neighbors } = groups()
  const lay = () => layOutNeighbors(principalCoordinates(vectors, dimension), neighbors, () => {})
  expect(lay()).toEqual(lay())
})

test('points without neighbours and equal points do no harm', () => {
  const start = new Float32Array(20)
  const neighbors = {
    k: 2,
    ids: new Int32Array(20).fill(-1),
    distances: new Float32Array(20).fill(Number.POSITIVE_INFINITY),
  }
  expect(layOutNeighbors(start, neighbors, () => {}).every(Number.isFinite)).toBe(true)
  expect(principalCoordinates(new Float32Array(40), 4).every(Number.isFinite)).toBe(true)
})
