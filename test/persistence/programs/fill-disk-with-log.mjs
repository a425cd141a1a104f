// Changes an index with `durability: 'log'` on a file system that is full after n blocks, for n from 0 up, until all changes have
// room. Prints one line of JSON. Runs where it may mount: fill-disk-with-log.mjs <mount point> <rows to begin with> <more rows>
import { rmSync, statfsSync } from 'node:fs'
import { VectorIndex } from 'segvec'
import { dimension, moreCount, noSpace, path, resize, roomyBlocks, rowCount, vectors } from './small-disk.mjs'

const options = { dimension, metric: 'l2', durability: 'log' }

/** Each with what it adds to the size. */
const changes = [
  [moreCount, (index) => index.add(vectors(moreCount, 1))],
  [0, (index) => index.upsert([2], vectors(1, 2))],
  [-1, (index) => index.remove([3])],
  [moreCount, (index) => index.add(vectors(moreCount, 3))],
]

const violations = []
const syscalls = {}
let failedCount = 0
let step = 0
for (let hasRoom = false; !hasRoom; ++step) {
  const expectThat = (isSo, what) => {
    if (!isSo) violations.push(`with a log, at block ${step}: ${what}`)
  }
  resize(roomyBlocks)
  rmSync(path, { recursive: true, force: true })
  const index = await VectorIndex.open(path, options)
  await index.add(vectors(rowCount, 0))
  const { blocks, bfree } = statfsSync(path)
  resize(blocks - bfree + step)
  let size = rowCount
  hasRoom = true
  for (const [difference, change] of changes) {
    const error = await change(index).then(
      () => undefined,
      (reason) => reason,
    )
    if (error !== undefined) {
      hasRoom = false
      failedCount += 1
      syscalls[error.syscall] = (syscalls[error.syscall] ?? 0) + 1
      expectThat(error.code === 'IO' && error.errno === noSpace, `${error.code}, errno ${error.errno}`)
      expectThat(error.path?.startsWith(path), `${error.syscall} of ${error.path}`)
      const [hit] = await index.search(vectors(1, 0), { k: 1 })
      expectThat(index.size === size && hit?.distance === 0, 'the live index is not as it was')
      // Every other time what was acknowledged is all there is.
      if (step % 2 === 1) break
      resize(roomyBlocks)
      await change(index)
    }
    size += difference
  }
  resize(roomyBlocks)
  await index.close()
  const again = await VectorIndex.open(path, options)
  expectThat(again.size === size, `opened again it has ${again.size} vectors; ${size} were acknowledged`)
  await again.close()
}
console.log(JSON.stringify({ steps: step, failures: failedCount, syscalls, violations }))
