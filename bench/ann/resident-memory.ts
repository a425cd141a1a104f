import { setTimeout as sleep } from 'node:timers/promises'
import { collectGarbage } from './adapters/collect-garbage.ts'

const pauseMs = 50
const mostPauses = 20

/** Resident bytes of this process once its garbage is gone: what is collected is given back to the system a little later. */
export async function settledResidentBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let pause = 0; pause < mostPauses; pause++) {
    collectGarbage()
    await sleep(pauseMs)
    const bytes = process.memoryUsage.rss()
    if (bytes >= least) return least
    least = bytes
  }
  return least
}
