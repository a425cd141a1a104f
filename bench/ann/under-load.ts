/** Latencies of single searches, one after the other, beside work that the same index does meanwhile. */
import type { Load } from './adapters/adapter.ts'
import { percentiles } from './metrics.ts'
import type { LatencyAnswer } from './peer-messages.ts'

export interface UnderLoadAnswer {
  /** The same searches right before the work begins. */
  readonly idle: LatencyAnswer
  readonly busy: LatencyAnswer
  /** How long the work took, with searches beside it. */
  readonly workSeconds: number
}

const idleMs = 500

/** Always one search at a time: the next one is asked for when the answer is there. */
export async function measureUnderLoad(load: Load, queryCount: number): Promise<UnderLoadAnswer> {
  const searchWhile = async (goesOn: () => boolean) => {
    const latencies: number[] = []
    for (let q = 0; goesOn(); q = (q + 1) % queryCount) {
      const start = performance.now()
      await load.search(q)
      latencies.push(performance.now() - start)
    }
    return percentiles(Float64Array.from(latencies))
  }
  const begin = performance.now()
  const idle = await searchWhile(() => performance.now() - begin < idleMs)
  let isBusy = true
  const start = performance.now()
  const working = load.work().finally(() => {
    isBusy = false
  })
  const [busy] = await Promise.all([searchWhile(() => isBusy), working])
  return { idle, busy, workSeconds: (performance.now() - start) / 1000 }
}
