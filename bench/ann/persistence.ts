/** Times the way of an index to its files and back, in a peer's own process. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Persistence } from './adapters/adapter.ts'
import { collectGarbage } from './adapters/collect-garbage.ts'
import { scratchFolder } from './adapters/scratch-folder.ts'
import { canEvict, diskBytes, evict, filesBelow, sequentialReadSpeed } from './page-cache.ts'

export interface LoadTimes {
  /** The adapter's name for the way it was loaded. */
  readonly way: string
  /** Whether the system had the files in memory. */
  readonly pageCache: 'warm' | 'cold'
  /** Until the package says that the index is there. */
  readonly loadSeconds: number
  /** From the same moment until the first query is answered. */
  readonly firstAnswerSeconds: number
}

export interface PersistenceAnswer {
  /** Left out where a package writes while it builds. */
  readonly saveSeconds?: number
  readonly diskBytes: number
  /** What reading the same files from beginning to end takes, in bytes per second. */
  readonly readSpeed?: Readonly<Partial<Record<LoadTimes['pageCache'], number>>>
  readonly loads: readonly LoadTimes[]
}

const secondsSince = (start: number) => (performance.now() - start) / 1000

/** Saves once, and loads in every way: first what the system still has in memory, then, where it can be made to forget, from the disk. */
export async function measurePersistence(persistence: Persistence, k: number): Promise<PersistenceAnswer> {
  const scratch = scratchFolder()
  try {
    const { save } = persistence
    const folder = save === undefined ? persistence.folder : join(scratch.path, 'index')
    if (folder === undefined) throw new Error('the adapter says neither how to save nor where the index is')
    let saveSeconds: number | undefined
    if (save !== undefined) {
      mkdirSync(folder)
      const start = performance.now()
      await save(folder)
      saveSeconds = secondsSince(start)
    }
    const readSpeed: Partial<Record<LoadTimes['pageCache'], number>> = {}
    const loads: LoadTimes[] = []
    for (const pageCache of canEvict() ? (['warm', 'cold'] as const) : (['warm'] as const)) {
      for (const [way, load] of Object.entries(persistence.loads)) {
        await persistence.release?.()
        const files = filesBelow(folder)
        const prepare = () => (pageCache === 'cold' ? evict(files) : sequentialReadSpeed(files))
        prepare()
        readSpeed[pageCache] ??= sequentialReadSpeed(files)
        prepare()
        const times = await loadOnce(load, folder, k)
        // Files that are still mapped somewhere cannot be forgotten.
        await dropGarbage()
        loads.push({ way, pageCache, ...times })
      }
    }
    return {
      ...(saveSeconds === undefined ? {} : { saveSeconds }),
      diskBytes: diskBytes(folder),
      readSpeed,
      loads,
    }
  } finally {
    scratch.remove()
  }
}

async function loadOnce(
  load: Persistence['loads'][string],
  folder: string,
  k: number,
): Promise<Pick<LoadTimes, 'loadSeconds' | 'firstAnswerSeconds'>> {
  const start = performance.now()
  const index = await load(folder)
  const loadSeconds = secondsSince(start)
  const found = await index.search(0, k)
  const firstAnswerSeconds = secondsSince(start)
  await index.close()
  if (found.length !== k) throw new Error(`loaded, it found ${found.length} rows instead of ${k}`)
  return { loadSeconds, firstAnswerSeconds }
}

/** Some packages unmap a file only when their object is collected, and that a turn of the event loop later. */
async function dropGarbage(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    collectGarbage()
    await nextTurn()
  }
}
