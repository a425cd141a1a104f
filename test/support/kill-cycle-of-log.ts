import { resolve } from 'node:path'
import { VectorIndex } from 'segvec'
import { outputUntilKilled } from './kill-cycle.ts'

const program = resolve(import.meta.dirname, '../persistence/programs/log-for-ever.mjs')

/** What a directory must hold: the first component of each id's vector, or that it was removed. */
export type Acknowledged = Map<string, number | 'removed'>

/**
 * Has a process add, replace and remove with `durability: 'log'` until it is killed, some time after its first change, and
 * looks for everything that it acknowledged, now or in the cycles before.
 *
 * @param acknowledged What the cycles before acknowledged; this one's is added to it.
 * @returns How many changes it acknowledged, and what is wrong, if anything is.
 */
export async function killCycleOfLog(
  path: string,
  delayMs: number,
  acknowledged: Acknowledged,
): Promise<{ changes: number; violation: string | undefined }> {
  const lines = (await outputUntilKilled(program, path, delayMs)).split('\n').slice(0, -1)
  // Of one id the later line counts.
  for (const line of lines) {
    const [id, value] = line.split(' ') as [string, string]
    acknowledged.set(id, value === 'removed' ? value : Number(value))
  }
  const violation = await violationIn(path, acknowledged, lines).catch((error: unknown) => String(error))
  return { changes: lines.length, violation }
}

async function violationIn(
  path: string,
  acknowledged: Acknowledged,
  lines: readonly string[],
): Promise<string | undefined> {
  await using index = await VectorIndex.open(path, { idType: 'string', durability: 'log' })
  const lastLines = lines.slice(-12).join('\n')
  for (const [id, value] of acknowledged) {
    const found = index.get(id)?.[0]
    if (value === 'removed') {
      if (found !== undefined) return `${id} was removed, and is there`
    } else if (id.startsWith('b') && found === undefined) {
      // Its removal may have been under way: that of one step was.
      if (!lastLines.includes(`a${Number(id.slice(1)) + 2} `)) return `${id} is not there`
      acknowledged.set(id, 'removed')
    } else if (found !== value && found !== Math.floor(value) + 0.5) {
      // Nor is it what may have been about to replace it.
      return `${id} begins with ${found}; expected ${value}`
    }
  }
  return undefined
}
