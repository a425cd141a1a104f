// Builds indexes with the instruction set that SEGVEC_SIMD names, and prints what they answer: answers.mjs <seed> <rows>
import { createHash } from 'node:crypto'
import { VectorIndex } from 'segvec'

const [, , seed, rows] = process.argv.map(Number)
const dimension = 24
let state = seed + 1
// xorshift: the same floats on every machine.
const next = () => {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) / 2 ** 32 - 0.5
}
const vectors = Float32Array.from({ length: rows * dimension }, next)
const answers = {}
for (const metric of ['l2', 'cosine', 'ip']) {
  for (const quantization of ['int8', 'none']) {
    const index = new VectorIndex({ dimension, metric, quantization, compaction: 'manual' })
    await index.add(vectors)
    const { ids } = await index.searchBatch(vectors.subarray(0, 100 * dimension), { k: 10 })
    answers[`${metric} ${quantization}`] = createHash('sha256').update(ids).digest('hex')
    await index.close()
  }
}
console.log(JSON.stringify(answers))
