import type { SearchPass } from './adapter.ts'

/** Passes over the queries are repeated for this long before and on the clock: compilers warm up, timers have grain. */
const warmUpMs = 50
const timedMs = 200

/** Times one query after the other. */
export function searchPass(count: number, search: (q: number) => number[]): SearchPass {
  const warmUpEnd = performance.now() + warmUpMs
  for (let q = 0; performance.now() < warmUpEnd; q = (q + 1) % count) search(q)
  let found: number[][] = []
  let passes = 0
  const start = performance.now()
  do {
    found = []
    for (let q = 0; q < count; q++) found.push(search(q))
    passes++
  } while (performance.now() - start < timedMs)
  return { seconds: (performance.now() - start) / 1000 / passes, found }
}

/** The same for packages that answer with a promise only. */
export async function asyncSearchPass(
  count: number,
  search: (q: number) => Promise<number[]>,
): Promise<SearchPass> {
  const warmUpEnd = performance.now() + warmUpMs
  for (let q = 0; performance.now() < warmUpEnd; q = (q + 1) % count) await search(q)
  let found: number[][] = []
  let passes = 0
  const start = performance.now()
  do {
    found = []
    for (let q = 0; q < count; q++) found.push(await search(q))
    passes++
  } while (performance.now() - start < timedMs)
  return { seconds: (performance.now() - start) / 1000 / passes, found }
}
