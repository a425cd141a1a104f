/** Times how an index gets to its files. */
import { mkdirSync } from 'node:fs'
import type { Persistence } from './adapters/adapter.ts'

/** An index whose files are there for others to load. */
export interface SavedIndex {
  readonly folder: string
  /** Left out where a package writes while it builds. */
  readonly saveSeconds?: number
  /** The ways in which the adapter loads it. */
  readonly ways: readonly string[]
}

/** Writes the index below a new folder, unless its package has written it already. */
export async function saveOnce(
  { save, folder, release }: Persistence,
  newFolder: string,
  ways: readonly string[],
): Promise<SavedIndex> {
  if (save === undefined) {
    if (folder === undefined) throw new Error('the adapter says neither how to save nor where the index is')
    await release?.()
    return { folder, ways }
  }
  mkdirSync(newFolder)
  const start = performance.now()
  await save(newFolder)
  const saveSeconds = (performance.now() - start) / 1000
  await release?.()
  return { folder: newFolder, saveSeconds, ways }
}
