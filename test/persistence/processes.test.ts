import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { VectorIndex } from 'segvec'
import { describe, expect, onTestFinished, test } from 'vitest'
import { expectRejection } from '../support/failures.ts'
import { kill, killCycle } from '../support/kill-cycle.ts'
import { Random } from '../support/random.ts'
import { temporaryPath } from '../support/temporary-directory.ts'

function start(program: string, path: string): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, 'programs', program), path])
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
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
    const { acknowledged, violation } = await killCycle(path, random.below(60))
    expect(acknowledged).toBeGreaterThan(0)
    expect(violation).toBeUndefined()
  }
})
