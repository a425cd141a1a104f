/**
 * The event loop's largest delay while vectors are added, beside the same for hnswlib-node.
 *
 *   npm run bench:event-loop -- [--rows 20000] [--dimension 128] [--rounds 5]
 */
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { VectorIndex } from 'segvec'
import { largestDelay } from './ann/event-loop-delay.ts'
import { median } from './ann/metrics.ts'

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '20000' },
    dimension: { type: 'string', default: '128' },
    rounds: { type: 'string', default: '5' },
  },
})
const rows = Number(options.rows)
const dimension = Number(options.dimension)

const vectors = Float32Array.from({ length: rows * dimension }, (_, i) => Math.sin(i * 12.9898) * 0.5)

async function addWithSegvec(): Promise<void> {
  const index = new VectorIndex({ dimension, metric: 'l2' })
  await index.add(vectors)
  await index.close()
}

const arrays = Array.from({ length: rows }, (_, row) =>
  Array.from(vectors.subarray(row * dimension, (row + 1) * dimension)),
)

function addWithHnswlibNode(): void {
  const require = createRequire(new URL('./peers/package.json', import.meta.url))
  const { HierarchicalNSW } = require('hnswlib-node')
  const index = new HierarchicalNSW('l2', dimension)
  index.initIndex(rows, 16, 200, 100)
  arrays.forEach((vector, row) => {
    index.addPoint(vector, row)
  })
}

const delays: number[] = []
for (let round = 0; round < Number(options.rounds); round++) {
  const { delayMs, elapsedMs } = await largestDelay(addWithSegvec)
  delays.push(delayMs)
  console.log(`segvec: largest delay ${delayMs.toFixed(1)} ms while adding for ${elapsedMs.toFixed(0)} ms`)
}
console.log(
  `segvec: median of the largest delays ${median(delays).toFixed(1)} ms, worst ${Math.max(...delays).toFixed(1)} ms`,
)
const peer = await largestDelay(addWithHnswlibNode)
console.log(`hnswlib-node: largest delay ${peer.delayMs.toFixed(0)} ms`)
