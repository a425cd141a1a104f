import { expect, test } from 'vitest'
import { Random } from '../../../demo/layout/random.ts'
import { Camera } from '../../../demo/page/camera.ts'
import { foldCopies } from '../../../demo/page/findings.ts'
import { Neighbors } from '../../../demo/page/neighbors.ts'
import { PointGrid } from '../../../demo/page/point-grid.ts'

const dimension = 16
const random = new Random(11)
const codes = Int8Array.from({ length: 300 * dimension }, () => random.below(255) - 127)

function cosineDistance(query: Float32Array, point: number): number {
  let dot = 0
  let a = 0
  let b = 0
  query.forEach((value, axis) => {
    const code = codes[point * dimension + axis] as number
    dot += value * code
    a += value * value
    b += code * code
  })
  return 1 - dot / Math.sqrt(a * b)
}

test('finds the nearest points, in order, as comparing all of them does', () => {
  const neighbors = new Neighbors(codes, dimension)
  for (let round = 0; round < 20; round++) {
    const query = Float32Array.from({ length: dimension }, () => random.signed())
    const expected = Array.from({ length: 300 }, (_, point) => ({
      point,
      distance: cosineDistance(query, point),
    }))
      .sort((a, b) => a.distance - b.distance)
      .slice(0, 10)
    const found = neighbors.nearest(query, 10)
    expect(found.map(({ point }) => point)).toEqual(expected.map(({ point }) => point))
    found.forEach(({ distance }, rank) => {
      expect(distance).toBeCloseTo(expected[rank]?.distance ?? Number.NaN, 5)
    })
  }
})

test('the neighbours of a point leave the point itself out, and a query of zeros has none', () => {
  const neighbors = new Neighbors(codes, dimension)
  expect(neighbors.ofPoint(5, 8).map(({ point }) => point)).not.toContain(5)
  expect(neighbors.ofPoint(5, 8)).toHaveLength(8)
  expect(neighbors.nearest(new Float32Array(dimension), 5)).toEqual([])
})

test('copies of a text are folded into the nearest of them', () => {
  const points = { title: ['a', 'a', 'b', 'a'], text: ['x', 'x', 'x', 'y'], package: [], file: [], line: [] }
  const hits = [3, 0, 1, 2].map((point, rank) => ({ point, distance: rank / 10 }))
  expect(foldCopies(hits, points, 10)).toEqual([
    { point: 3, distance: 0, copyCount: 0 },
    { point: 0, distance: 0.1, copyCount: 1 },
    { point: 2, distance: 0.3, copyCount: 0 },
  ])
  expect(foldCopies(hits, points, 2)).toHaveLength(2)
})

test('finds the point under the pointer among those that are shown', () => {
  const places = Float32Array.from({ length: 400 }, () => (random.signed() + 1) / 2)
  const grid = new PointGrid(places)
  const nearest = (x: number, y: number, accept: (point: number) => boolean): [number, number] =>
    Array.from({ length: 200 }, (_, point): [number, number] => [
      point,
      Math.hypot((places[point * 2] as number) - x, (places[point * 2 + 1] as number) - y),
    ])
      .filter(([point]) => accept(point))
      .reduce((best, next) => (next[1] < best[1] ? next : best))
  for (let round = 0; round < 100; round++) {
    const [x, y] = [(random.signed() + 1) / 2, (random.signed() + 1) / 2]
    const accept = (point: number): boolean => point % 2 === round % 2
    const [point, away] = nearest(x, y, accept)
    expect(grid.nearest(x, y, 0.05, accept)).toBe(away <= 0.05 ? point : undefined)
  }
})

test('zooming keeps what is under the pointer there, and a fitted extent is in sight', () => {
  const camera = new Camera()
  camera.width = 800
  camera.height = 500
  camera.view = camera.fit()
  expect(camera.zoom).toBeCloseTo(1)
  const [x, y] = [camera.mapX(400), camera.mapY(300)]
  camera.zoomAt(2, 400, 300)
  expect(camera.zoom).toBeCloseTo(2)
  expect([camera.screenX(x), camera.screenY(y)]).toEqual([expect.closeTo(400, 6), expect.closeTo(300, 6)])

  camera.view = camera.fit({ left: 0.2, top: 0.4, right: 0.3, bottom: 0.45 }, 200)
  expect(camera.screenX(0.2)).toBeGreaterThan(200)
  expect(camera.screenX(0.3)).toBeLessThan(800)
  expect(camera.screenY(0.4)).toBeGreaterThan(0)
  expect(camera.screenY(0.45)).toBeLessThan(500)
})
