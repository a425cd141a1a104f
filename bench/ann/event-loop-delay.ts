import { setTimeout as sleep } from 'node:timers/promises'

/** Long enough for the gap of a call that blocks to end on the next turn. */
const settleMs = 20

/** The largest gap between two turns of the event loop while `work` runs, seen by a 1 ms timer. */
export async function largestDelay<T>(
  work: () => Promise<T> | T,
): Promise<{ delayMs: number; elapsedMs: number; value: T }> {
  let largest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    largest = Math.max(largest, now - last)
    last = now
  }, 1)
  try {
    await sleep(settleMs)
    largest = 0
    const start = performance.now()
    const value = await work()
    const elapsedMs = performance.now() - start
    await sleep(settleMs)
    return { delayMs: largest, elapsedMs, value }
  } finally {
    clearInterval(timer)
  }
}
