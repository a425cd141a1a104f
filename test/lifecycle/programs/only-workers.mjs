// The main thread never loads the addon; one worker after the other does, and exits with native threads at work.
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

for (let round = 0; round < 3; ++round) {
  const worker = new Worker(new URL('busy-worker.mjs', import.meta.url), { workerData: 'add' })
  await once(worker, 'message')
  await worker.terminate()
  await pause(50)
}
console.log('survived')
