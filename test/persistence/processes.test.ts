import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { VectorIndex } from 'segvec'
import { describe, expect, onTestFinished, test } from 'vitest'
import { expectRejection } from '../support/failures.ts'
import { Random } from '../support/random.ts'
import { temporaryPath } from '../support/temporary-directory.ts'

function start(program: string, path: string): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, 'programs', program), path])
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function kill(child: ChildProcessWithoutNullStreams): Promise<void> {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

describe('one writer', () => {
  test('in this process', async () => {
    const path = temporaryPath()
    const index = await VectorIndex.open(path, { dimension: 2 })
    await expectRejection(() => VectorIndex.open(path), 'LOCKED', `this process (${process.pid})`)
    const reader = await VectorIndex.open(path, { readOnly: true })
    await index.close()
    await (await VectorIndex.open(path)).close()
    await reader.close()
  })

  test('among processes: the holder is named, and its death frees the directory', async () => {
    const path = temporaryPath()
    const child = start('hold.mjs', path)
    await once(child.stdout, 'data')
    await expectRejection(() => VectorIndex.open(path), 'LOCKED', `process ${child.pid}`)
    await kill(child)
    await (await VectorIndex.open(path)).close()
  })
})

test('SIGKILL at any moment: nothing that was acknowledged is lost, and nothing else is there', async () => {
  const path = temporaryPath()
  const random = new Random(Number(process.env['SEGVEC_TEST_SEED'] ?? 1))
  for (let cycle = 0; cycle < 5; ++cycle) {
    const child = start('commit-for-ever.mjs', path)
    let output = ''
    child.stdout.on('data', (text) => {
      output += text
    })
    await once(child.stdout, 'data')
    await sleep(random.below(60))
    await kill(child)
    const acknowledged = Number(output.trim().split('\n').at(-1))
    const index = await VectorIndex.open(path)
    const { size } = index
    // The commit that was under way may have come through.
    expect([acknowledged, acknowledged + (acknowledged % 3 === 0 ? 700 : 10)]).toContain(size)
    expect(index.get(size - 1)?.length).toBe(8)
    for (const id of [0, size >> 1, size - 1]) {
      const vector = index.get(id) as Float32Array
      expect((await index.search(vector, { k: 1 }))[0]?.distance).toBe(0)
    }
    await index.close()
  }
})
