/** Times searches in the ways the suite wants them timed, for packages that answer at once and for those with promises. */
import type { BuiltIndex, SearchParameters, SearchPass } from './adapter.ts'

/** Passes over the queries are repeated for this long before and on the clock: compilers warm up, timers have grain. */
const warmUpMs = 50
const timedMs = 200
/** A pass ends here however many queries are left: a scan of a large set takes minutes for all of them. */
const mostPassMs = 2000
/** Single searches timed for latencies: enough of them that one in a thousand is not one in all. */
const latencyMs = 500
const leastLatencies = 2000
const mostLatencyMs = 4000

/** Searches for query `q` of the set; gives the rows found, nearest first. */
type Search = (q: number) => number[]
type AsyncSearch = (q: number) => Promise<number[]>

/** Both ways of timing single queries. `searchWith` is called off the clock, with the parameters of the searches to come. */
export function singleSearches(
  count: number,
  searchWith: (parameters: SearchParameters) => Search,
): Pick<BuiltIndex, 'searchAll' | 'latenciesMs'> {
  return {
    searchAll: async (parameters) => searchPass(count, searchWith(parameters)),
    latenciesMs: async (parameters) => {
      const search = searchWith(parameters)
      warmUp(count, search)
      return timeEach(count, (q) => {
        const start = performance.now()
        search(q)
        return performance.now() - start
      })
    },
  }
}

/** The same for packages that answer with a promise only. */
export function asyncSingleSearches(
  count: number,
  searchWith: (parameters: SearchParameters) => AsyncSearch,
): Pick<BuiltIndex, 'searchAll' | 'latenciesMs'> {
  return {
    searchAll: async (parameters) => asyncSearchPass(count, searchWith(parameters)),
    latenciesMs: async (parameters) => {
      const search = searchWith(parameters)
      await warmUpAsync(count, search)
      const latencies: number[] = []
      const begin = performance.now()
      for (let q = 0; goesOn(latencies.length, performance.now() - begin); q = (q + 1) % count) {
        const start = performance.now()
        await search(q)
        latencies.push(performance.now() - start)
      }
      return Float64Array.from(latencies)
    },
  }
}

const goesOn = (done: number, elapsedMs: number) =>
  elapsedMs < latencyMs || (done < leastLatencies && elapsedMs < mostLatencyMs)

/** Looks at the clock now and then only: some searches take less than ten looks. */
const isOverdue = (q: number, start: number) => q % 16 === 15 && performance.now() - start > mostPassMs

function timeEach(count: number, timeOne: (q: number) => number): Float64Array {
  const latencies: number[] = []
  const begin = performance.now()
  for (let q = 0; goesOn(latencies.length, performance.now() - begin); q = (q + 1) % count)
    latencies.push(timeOne(q))
  return Float64Array.from(latencies)
}

function warmUp(count: number, search: Search): void {
  const end = performance.now() + warmUpMs
  for (let q = 0; performance.now() < end; q = (q + 1) % count) search(q)
}

async function warmUpAsync(count: number, search: AsyncSearch): Promise<void> {
  const end = performance.now() + warmUpMs
  for (let q = 0; performance.now() < end; q = (q + 1) % count) await search(q)
}

/** All queries, one after the other, again and again. */
export function searchPass(count: number, search: Search): SearchPass {
  warmUp(count, search)
  let found: number[][] = []
  let passes = 0
  const start = performance.now()
  do {
    found = []
    for (let q = 0; q < count && !isOverdue(q, start); q++) found.push(search(q))
    passes++
  } while (performance.now() - start < timedMs)
  return { seconds: (performance.now() - start) / 1000 / passes, found }
}

async function asyncSearchPass(count: number, search: AsyncSearch): Promise<SearchPass> {
  await warmUpAsync(count, search)
  let found: number[][] = []
  let passes = 0
  const start = performance.now()
  do {
    found = []
    for (let q = 0; q < count && !isOverdue(q, start); q++) found.push(await search(q))
    passes++
  } while (performance.now() - start < timedMs)
  return { seconds: (performance.now() - start) / 1000 / passes, found }
}

/** Times a call that answers all queries at once, again and again as for single ones. */
export async function batchPass(searchAll: () => Promise<number[][]>): Promise<SearchPass> {
  let found = await searchAll()
  let passes = 0
  const start = performance.now()
  do {
    found = await searchAll()
    passes++
  } while (performance.now() - start < timedMs)
  return { seconds: (performance.now() - start) / 1000 / passes, found }
}
