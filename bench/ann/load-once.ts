/** Loads an index from its files once, as a program that starts up does: in a process that has done nothing before. */
import { setTimeout } from 'node:timers/promises'
import type { LoadedIndex, Loader } from './adapters/adapter.ts'
import { diskBytes, evict, filesBelow, sequentialReadSpeed } from './page-cache.ts'
import { touchMemory } from './touch-memory.ts'

const idleMs = 200
/** An index takes no more memory than so many times the bytes of its files while it is loaded. */
const mostCopies = 2

export type PageCache = 'warm' | 'cold'

export interface LoadTimes {
  /** The adapter's name for the way it was loaded. */
  readonly way: string
  /** Whether the system had the files in memory. */
  readonly pageCache: PageCache
  /** Until the package says that the index is there. */
  readonly loadSeconds: number
  /** From the same moment until the first query is answered. */
  readonly firstAnswerSeconds: number
  /** What reading the same files from beginning to end took right before, in bytes per second, with the page cache alike. */
  readonly readSpeed: number
}

export async function loadOnce(
  loader: Loader,
  folder: string,
  pageCache: PageCache,
  k: number,
): Promise<Omit<LoadTimes, 'way' | 'pageCache'>> {
  const files = filesBelow(folder)
  touchMemory(mostCopies * diskBytes(folder))
  const prepare = () => (pageCache === 'cold' ? evict(files) : sequentialReadSpeed(files))
  prepare()
  const readSpeed = sequentialReadSpeed(files)
  prepare()
  // What a process does of itself after it has started is over then.
  await setTimeout(idleMs)
  const secondsSince = (start: number) => (performance.now() - start) / 1000
  const start = performance.now()
  const index: LoadedIndex = await loader(folder)
  const loadSeconds = secondsSince(start)
  const found = await index.search(0, k)
  const firstAnswerSeconds = secondsSince(start)
  await index.close()
  if (found.length !== k) throw new Error(`loaded, it found ${found.length} rows instead of ${k}`)
  return { loadSeconds, firstAnswerSeconds, readSpeed }
}
