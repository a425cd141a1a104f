// Starts workers and terminates them in the middle of what they do; prints 'survived' if that harms nobody else.
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { VectorIndex } from 'segvec'
import { makeVectors } from './vectors.mjs'

const index = new VectorIndex({ dimension: 8, metric: 'l2', threads: 2 })
const vectors = makeVectors(5000, 8)
await index.add(vectors)

const modes = ['add', 'search', 'searchBatch', 'searchSync', 'entries', 'close']
let delayMs = 0
for (let round = 0; round < 2; ++round) {
  const workers = modes.map(
    (workerData) => new Worker(new URL('busy-worker.mjs', import.meta.url), { workerData }),
  )
  const started = workers.map((worker) => once(worker, 'message'))
  for (const [at, worker] of workers.entries()) {
    await started[at]
    delayMs = (delayMs + 7) % 30
    await pause(delayMs)
    await worker.terminate()
  }
}

const [hit] = await index.search(vectors.subarray(80, 88), { k: 1 })
if (hit.distance !== 0) throw new Error('the index of the main thread was damaged')
console.log('survived')
