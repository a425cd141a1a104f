/** What it costs that an add survives a crash once it has resolved: by a commit after each, or by the log. */
import { join } from 'node:path'
import { type OpenOptions, SegvecError, VectorIndex } from 'segvec'
import { scratchFolder } from '../ann/adapters/scratch-folder.ts'
import type { DataSet } from '../ann/data-sets.ts'

/** `none`: nothing is committed, for comparison. `commit`: a commit after each add. `log`: `durability: 'log'`. */
export const durabilityModes = ['none', 'commit', 'log'] as const
export type DurabilityMode = (typeof durabilityModes)[number]

export interface DurabilityPoint {
  readonly mode: DurabilityMode
  /** Vectors per call of `add`. */
  readonly batchRows: number
  /** How many add at the same time, each waiting for its own. */
  readonly callers: number
  readonly vectorsPerSecond: number
}

const settings = [
  { batchRows: 1, callers: 1 },
  { batchRows: 1, callers: 16 },
  { batchRows: 100, callers: 1 },
  { batchRows: 100, callers: 16 },
] as const

/** One round over all settings, with every mode that this segvec has. */
export async function measureDurability(set: DataSet, timedMs: number): Promise<DurabilityPoint[]> {
  const points: DurabilityPoint[] = []
  for (const { batchRows, callers } of settings) {
    for (const mode of durabilityModes) {
      const index = await openIn(mode, set)
      if (index === undefined) continue
      try {
        const vectorsPerSecond = await addFor(timedMs, index.index, set, mode, batchRows, callers)
        points.push({ mode, batchRows, callers, vectorsPerSecond })
      } finally {
        await index.index.close()
        index.remove()
      }
    }
  }
  return points
}

/** `undefined` from a segvec without a log, which knows no such option. */
async function openIn(mode: DurabilityMode, { dimension, metric }: DataSet) {
  const scratch = scratchFolder()
  const options = { dimension, metric, ...(mode === 'log' ? { durability: 'log' } : {}) } as OpenOptions
  try {
    const index = await VectorIndex.open(join(scratch.path, 'index'), options)
    return { index, remove: scratch.remove }
  } catch (error) {
    scratch.remove()
    if (mode === 'log' && error instanceof SegvecError && error.code === 'INVALID_ARGUMENT') return undefined
    throw error
  }
}

async function addFor(
  timedMs: number,
  index: VectorIndex,
  { dimension, base }: DataSet,
  mode: DurabilityMode,
  batchRows: number,
  callers: number,
): Promise<number> {
  const rows = base.length / dimension
  let next = 0
  let added = 0
  const start = performance.now()
  const addOn = async () => {
    while (performance.now() - start < timedMs && next + batchRows <= rows) {
      const row = next
      next += batchRows
      await index.add(base.subarray(row * dimension, (row + batchRows) * dimension))
      if (mode === 'commit') await index.commit()
      added += batchRows
    }
  }
  await Promise.all(Array.from({ length: callers }, addOn))
  return (added / (performance.now() - start)) * 1000
}
