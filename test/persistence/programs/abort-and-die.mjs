// Aborts a logged add while it is built, and dies at the moment when it hears that it was aborted.
import { VectorIndex } from 'segvec'

const [, , path] = process.argv
const rows = (count) => Float32Array.from({ length: count * 16 }, (_, i) => Math.sin(i * i))
const index = await VectorIndex.open(path, { dimension: 16, durability: 'log' })
await index.add(rows(2000))
const controller = new AbortController()
const onProgress = ({ insertedCount }) => {
  if (insertedCount > 0) controller.abort()
}
await index.add(rows(40_000), { signal: controller.signal, onProgress }).catch(({ code }) => {
  if (code === 'ABORTED') process.kill(process.pid, 'SIGKILL')
})
