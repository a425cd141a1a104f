// Begins what the first argument says and leaves in the way the second one says, in the middle of it.
import { VectorIndex } from 'segvec'
import { makeVectors } from './vectors.mjs'

const [operation, ending] = process.argv.slice(2)
const dimension = 64
const index = new VectorIndex({ dimension, threads: 4, efConstruction: 400 })
const vectors = makeVectors(30_000, dimension)
await index.add(vectors.subarray(0, 5000 * dimension))

const operations = {
  add: () => index.add(vectors),
  search: () =>
    Promise.all(
      Array.from({ length: 500 }, () => index.search(vectors.subarray(0, dimension), { exact: true })),
    ),
  searchBatch: () => index.searchBatch(vectors, { ef: 500 }),
  close: () => {
    index.add(vectors).catch(() => undefined)
    return index.close()
  },
  nothing: () => undefined,
}
const endings = {
  exit: () => process.exit(7),
  exception: () => {
    throw new Error('uncaught')
  },
  signal: () => process.kill(process.pid, 'SIGTERM'),
}
const running = operations[operation]()
if (ending === 'natural') {
  await running
  console.log('done')
} else {
  setTimeout(endings[ending], 15)
}
