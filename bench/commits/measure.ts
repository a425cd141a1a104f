/** What it costs to make rows durable: a commit of a few new ones, beside writing everything. */
import { join } from 'node:path'
import { VectorIndex } from 'segvec'
import { scratchFolder } from '../ann/adapters/scratch-folder.ts'
import type { DataSet } from '../ann/data-sets.ts'
import type { RunStamp } from '../ann/run-stamp.ts'
import { timed } from '../ann/timed.ts'
import type { DurabilityPoint } from './durability.ts'

export interface CommitRound {
  /** A commit after an add of `newRows`, and a save of everything right after it; both are on the disk when they resolve. */
  readonly commitSeconds: number
  readonly saveSeconds: number
}

export interface CommitResults extends RunStamp {
  readonly set: {
    readonly name: string
    readonly rows: number
    readonly dimension: number
    readonly metric: string
  }
  readonly newRows: number
  readonly rounds: readonly CommitRound[]
  /** Adds one after the other, each durable when it resolves; one list per round. */
  readonly durability?: readonly (readonly DurabilityPoint[])[]
}

/** Commits all rows but those of the rounds, then `newRows` more in each round. */
export async function measureCommits(set: DataSet, newRows: number, rounds: number): Promise<CommitRound[]> {
  const { dimension, metric, base } = set
  const scratch = scratchFolder()
  const index = await VectorIndex.open(join(scratch.path, 'index'), {
    dimension,
    metric,
    compaction: 'manual',
  })
  let row = base.length / dimension - rounds * newRows
  await index.add(base.subarray(0, row * dimension))
  await index.commit()
  const measured: CommitRound[] = []
  for (let round = 0; round < rounds; round++, row += newRows) {
    await index.add(base.subarray(row * dimension, (row + newRows) * dimension))
    const { seconds: commitSeconds } = await timed(() => index.commit())
    const { seconds: saveSeconds } = await timed(() => index.save(join(scratch.path, `copy-${round}`)))
    measured.push({ commitSeconds, saveSeconds })
  }
  await index.close()
  scratch.remove()
  return measured
}
