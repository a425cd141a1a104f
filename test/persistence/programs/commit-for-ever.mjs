// Adds and commits until it is killed, and prints the size after each commit that was acknowledged.
import { writeSync } from 'node:fs'
import { VectorIndex } from 'segvec'

const [, , path] = process.argv
const dimension = 8
const index = await VectorIndex.open(path, { dimension, metric: 'l2', quantization: 'none' })
for (;;) {
  const first = index.size
  const count = first % 3 === 0 ? 700 : 10
  const vectors = Float32Array.from({ length: count * dimension }, (_, i) => first + (i >> 3) + (i % 8) / 10)
  await index.add(vectors)
  await index.commit()
  writeSync(1, `${index.size}\n`)
}
