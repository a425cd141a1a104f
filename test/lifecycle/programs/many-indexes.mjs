// Makes more segments and calls that wait than the system would map memory for one by one, and then indexes until it is near its
// limit; prints what came of it.
import { readFileSync } from 'node:fs'
import { VectorIndex } from 'segvec'
import { makeVectors } from './vectors.mjs'

const limit = Number(readFileSync('/proc/sys/vm/max_map_count', 'utf8'))
const vectors = makeVectors(20_000, 1)

const crumbs = new VectorIndex({ dimension: 1, metric: 'l2', segmentCapacity: 1, threads: 1 })
await crumbs.add(vectors)
const ofSegments = (await crumbs.search(vectors.subarray(0, 1), { k: 10 })).length
await crumbs.close()

const waiting = new VectorIndex({ dimension: 1, metric: 'l2', quantization: 'none' })
const calls = Array.from({ length: limit }, (_, i) => waiting.upsert(i % 500, [i]))
await Promise.all(calls)
const { size } = waiting
await waiting.close()

const indexes = []
let ofIndexes
while (ofIndexes === undefined && indexes.length < limit) {
  const index = new VectorIndex({ dimension: 2, metric: 'cosine', threads: 1 })
  try {
    await index.add([[1, 2]])
    indexes.push(index)
  } catch (error) {
    ofIndexes = error
    await index.close()
  }
}
const found = (await indexes[0].search([2, 1])).length
// What V8 and others need must still be there.
const buffers = Array.from({ length: 500 }, () => new ArrayBuffer(1 << 20))
await Promise.all(indexes.splice(0, 100).map((index) => index.close()))
await new VectorIndex({ dimension: 2 }).add([[1, 2]])
const { code, message } = ofIndexes
console.log(JSON.stringify({ ofSegments, size, code, message, found, buffers: buffers.length }))
