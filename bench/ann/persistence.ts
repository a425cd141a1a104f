/** Times the way of an index to its files and back. */
import { join } from 'node:path'
import { scratchFolder } from './adapters/scratch-folder.ts'
import type { LoadTimes, PageCache } from './load-once.ts'
import { canEvict, diskBytes } from './page-cache.ts'
import { type Launch, PeerProcess } from './peer-process.ts'
import type { SavedIndex } from './save-once.ts'

export interface PersistenceAnswer {
  /** Left out where a package writes while it builds. */
  readonly saveSeconds?: number
  readonly diskBytes: number
  readonly loads: readonly LoadTimes[]
}

/** The adapter that loads, how its processes are started, and the queries they ask (`set-files.ts`). */
export interface LoadingProcess extends Launch {
  readonly adapter: string
  readonly setFolder: string
}

/**
 * Saves once, and loads in every way, each time in a process of its own: first what the system still has in memory, then, where
 * it can be made to forget, from the disk.
 */
export async function measurePersistence(
  save: (newFolder: string) => Promise<SavedIndex | undefined>,
  { adapter, setFolder, ...launch }: LoadingProcess,
  k: number,
): Promise<PersistenceAnswer | undefined> {
  const scratch = scratchFolder()
  try {
    const saved = await save(join(scratch.path, 'index'))
    if (saved === undefined) return undefined
    const { folder, saveSeconds, ways } = saved
    const loads: LoadTimes[] = []
    for (const pageCache of canEvict() ? (['warm', 'cold'] as const) : (['warm'] as const)) {
      for (const way of ways) loads.push(await loadAnew(way, pageCache, folder))
    }
    return { ...(saveSeconds === undefined ? {} : { saveSeconds }), diskBytes: diskBytes(folder), loads }
  } finally {
    scratch.remove()
  }

  async function loadAnew(way: string, pageCache: PageCache, folder: string): Promise<LoadTimes> {
    const process = new PeerProcess(launch)
    try {
      return await process.ask({ kind: 'load', adapter, setFolder, folder, way, pageCache, k })
    } finally {
      await process.close()
    }
  }
}
