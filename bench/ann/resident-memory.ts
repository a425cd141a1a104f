import { setTimeout as sleep } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'
import { collectGarbage } from './adapters/collect-garbage.ts'

const pauseMs = 50
const mostPauses = 20

/** What V8 has of its heap beyond what is in use: it gives back tens of megabytes when it finds time, whatever is measured. */
const spareHeapBytes = (): number =>
  getHeapSpaceStatistics().reduce((sum, space) => sum + space.physical_space_size - space.space_used_size, 0)

/**
 * Resident bytes of this process, without the spare part of V8's heap, once its garbage is gone: what is collected is given back to
 * the system a little later.
 */
export async function settledResidentBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let pause = 0; pause < mostPauses; pause++) {
    collectGarbage()
    await sleep(pauseMs)
    const bytes = process.memoryUsage.rss() - spareHeapBytes()
    if (bytes >= least) return least
    least = bytes
  }
  return least
}
