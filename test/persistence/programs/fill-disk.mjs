// Commits to a file system that is full after n blocks, for n from 0 up, until a commit has room. Prints one line of JSON.
// Runs where it may mount: fill-disk.mjs <mount point> <rows to begin with> <more rows>
import { rmSync, statfsSync } from 'node:fs'
import { VectorIndex } from 'segvec'
import { dimension, moreCount, noSpace, path, resize, roomyBlocks, rowCount, vectors } from './small-disk.mjs'

const violations = []
const syscalls = {}
let failedCount = 0
let step = 0
for (let hasRoom = false; !hasRoom; ++step) {
  const expectThat = (isSo, what) => {
    if (!isSo) violations.push(`at block ${step}: ${what}`)
  }
  resize(roomyBlocks)
  rmSync(path, { recursive: true, force: true })
  const index = await VectorIndex.open(path, { dimension, metric: 'l2' })
  await index.add(vectors(rowCount, 0))
  await index.commit()
  await index.remove([1])
  await index.commit()
  const { blocks, bfree } = statfsSync(path)
  resize(blocks - bfree + step)
  await index.add(vectors(moreCount, 1))
  await index.remove([2])
  const size = rowCount + moreCount - 2

  const error = await index.commit().then(
    () => undefined,
    (reason) => reason,
  )
  hasRoom = error === undefined
  if (!hasRoom) {
    failedCount += 1
    syscalls[error.syscall] = (syscalls[error.syscall] ?? 0) + 1
    expectThat(error.code === 'IO' && error.errno === noSpace, `${error.code}, errno ${error.errno}`)
    expectThat(
      typeof error.syscall === 'string' && error.path?.startsWith(path),
      `${error.syscall} of ${error.path}`,
    )
    const reader = await VectorIndex.open(path, { readOnly: true })
    expectThat(reader.size === rowCount - 1, `the previous generation has ${reader.size} vectors`)
    expectThat((await reader.verify()).isSound, 'the previous generation is not sound')
    const query = vectors(1, 1)
    const [hit] = await index.search(query, { k: 1 })
    expectThat(index.size === size && hit?.distance === 0, 'the live index does not search')
    resize(roomyBlocks)
    await index.commit()
    expectThat(
      (await reader.refresh()) && reader.size === size,
      `the next commit left ${reader.size} vectors`,
    )
    await reader.close()
  }
  await index.close()
  const again = await VectorIndex.open(path)
  expectThat(again.size === size, `opened again it has ${again.size} vectors`)
  await again.close()
}
console.log(JSON.stringify({ steps: step, failures: failedCount, syscalls, violations }))
