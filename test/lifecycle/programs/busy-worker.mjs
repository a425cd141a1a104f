// A worker that keeps an index busy in the way its data says, for ever.
import { setTimeout as pause } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { VectorIndex } from 'segvec'
import { makeVectors } from './vectors.mjs'

const dimension = 32
const index = new VectorIndex({ dimension, threads: 2 })
await index.add(makeVectors(1500, dimension))
const many = makeVectors(9000, dimension)
parentPort.postMessage('busy')

for (;;) {
  if (workerData === 'add') await index.add(many)
  if (workerData === 'search')
    await Promise.all(Array.from({ length: 50 }, () => index.search(many.subarray(0, dimension))))
  if (workerData === 'searchBatch') await index.searchBatch(many, { ef: 300 })
  if (workerData === 'searchSync') index.searchSync(many.subarray(0, dimension), { exact: true })
  if (workerData === 'entries') for await (const { id } of index.entries()) if (id < 0) break
  if (workerData === 'close') {
    const other = new VectorIndex({ dimension })
    void other.add(many)
    await other.close()
  }
  if (workerData === 'searchSync') await pause(0)
}
