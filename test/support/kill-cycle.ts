import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { VectorIndex } from 'segvec'

const program = resolve(import.meta.dirname, '../persistence/programs/commit-for-ever.mjs')
const dimension = 8

export async function kill(child: ChildProcessWithoutNullStreams): Promise<void> {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

/** Runs a program with a path as its argument, and kills it some time after it has written for the first time. Returns what it wrote. */
export async function outputUntilKilled(program: string, path: string, delayMs: number): Promise<string> {
  const child = spawn(process.execPath, [program, path])
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  await once(child.stdout, 'data')
  await sleep(delayMs)
  await kill(child)
  return output
}

/**
 * Has a process add and commit to the directory until it is killed, some time after its first commit, and compares what is
 * there with what it acknowledged.
 *
 * @returns How many commits it acknowledged, and what is wrong, if anything is.
 */
export async function killCycle(
  path: string,
  delayMs: number,
): Promise<{ acknowledged: number; violation: string | undefined }> {
  const lines = (await outputUntilKilled(program, path, delayMs)).trim().split('\n')
  const last = Number(lines.at(-1))
  const violation = await violationIn(path, last).catch((error: unknown) => String(error))
  return { acknowledged: lines.length, violation }
}

async function violationIn(path: string, acknowledged: number): Promise<string | undefined> {
  await using index = await VectorIndex.open(path)
  const { size } = index
  // The commit that was under way may have come through.
  const next = acknowledged + (acknowledged % 3 === 0 ? 700 : 10)
  if (size !== acknowledged && size !== next) return `${size} vectors; expected ${acknowledged} or ${next}`
  for (const id of [0, size >> 1, size - 1]) {
    const vector = index.get(id)
    if (vector?.length !== dimension) return `vector ${id} is not there`
    const [hit] = await index.search(vector, { k: 1 })
    if (hit?.distance !== 0) return `vector ${id} does not find itself`
  }
  return undefined
}
