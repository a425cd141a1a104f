// Adds, replaces and removes without a commit until it is killed, and prints each step once it was acknowledged.
import { writeSync } from 'node:fs'
import { VectorIndex } from 'segvec'

const [, , path] = process.argv
const dimension = 8
const index = await VectorIndex.open(path, { dimension, metric: 'l2', idType: 'string', durability: 'log' })
const row = (value) => Float32Array.from({ length: dimension }, (_, i) => value + i / 10)
const first = index.size
for (let step = first; ; ++step) {
  const acknowledged = (text) => writeSync(1, `${text}\n`)
  // Several at once: some of them share a sync.
  await Promise.all([
    index.add(`a${step}`, row(step)).then(() => acknowledged(`a${step} ${step}`)),
    index.add(`b${step}`, row(step)).then(() => acknowledged(`b${step} ${step}`)),
    index.upsert(`a${step}`, row(step + 0.5)).then(() => acknowledged(`a${step} ${step + 0.5}`)),
    index.remove(`b${step - 3}`).then(() => acknowledged(`b${step - 3} removed`)),
  ])
  if (step % 50 === 49) await index.commit()
}
