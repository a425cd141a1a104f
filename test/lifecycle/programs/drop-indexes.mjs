// Makes many indexes and drops them without closing; prints how far the memory of the process grew, in bytes.
import { VectorIndex } from 'segvec'
import { makeVectors } from './vectors.mjs'

const dimension = 1024
const vectors = makeVectors(1000, dimension)
const make = async () => {
  const index = new VectorIndex({ dimension, threads: 1 })
  await index.add(vectors)
  return index.stats().memoryBytes
}

await make()
const before = process.memoryUsage().rss
let most = 0
let total = 0
for (let round = 0; round < 120; ++round) {
  total += await make()
  most = Math.max(most, process.memoryUsage().rss)
}
console.log(JSON.stringify({ grownBytes: most - before, totalBytes: total }))
