import { setImmediate as nextTick } from 'node:timers/promises'
import type { AbortWatch } from './abort.ts'
import { SegvecError } from './errors.ts'
import type { BatchHits } from './results.ts'
import type { SearchSettings } from './search-options.ts'
import type { RowReader } from './vectors.ts'

/** What `evaluate` measured on the caller's queries. */
export interface Evaluation {
  readonly queryCount: number
  readonly k: number
  /** The one that was used: the given one, or what the calibration says for the `recall` that was asked for. */
  readonly ef: number
  /**
   * Mean share of the `k` nearest vectors that were found, by distance: a hit counts when it is no farther than the true
   * `k`-th nearest, so that equal distances are no misses.
   */
  readonly recall: number
  /** Of single searches on one thread, one after another. */
  readonly latencyMs: { readonly median: number; readonly p99: number; readonly maximum: number }
  /** Of the same searches. */
  readonly queriesPerSecond: number
}

/** The two searches that are held against each other. */
export interface Searches {
  exact(): Promise<Pick<BatchHits, 'k' | 'distances' | 'counts'>>
  approximate(query: Float32Array): readonly { readonly distance: number }[]
}

// Searches that are timed hold up the event loop; other work gets its turn this often.
const mostMsPerTick = 5

// So long the first searches are repeated before any is timed: until the engine has compiled what they run, they take several times as long.
const warmUpMs = 20

/** @throws {SegvecError} `INVALID_ARGUMENT` without queries; whatever the searches throw. */
export async function evaluateSearches(
  queries: RowReader,
  { k: wantedK, ef }: Pick<SearchSettings, 'k' | 'ef'>,
  searches: Searches,
  abort?: AbortWatch,
): Promise<Evaluation> {
  const queryCount = queries.rowCount
  if (queryCount === 0) throw new SegvecError('INVALID_ARGUMENT', 'queries is empty; expected at least one')
  const { k, distances, counts } = await searches.exact()
  const latencies = new Float64Array(queryCount)
  let hits = 0
  let wanted = 0
  let tickStart = performance.now()
  const endTick = async (now: number) => {
    if (now - tickStart < mostMsPerTick) return
    await nextTick()
    abort?.throwIfAborted()
    tickStart = performance.now()
  }
  const search = (query: number) => {
    const floats = queries.read(query, query + 1).slice()
    const start = performance.now()
    const found = searches.approximate(floats)
    const end = performance.now()
    return { found, end, latency: end - start }
  }
  const warmUpEnd = tickStart + warmUpMs
  for (let query = 0, now = tickStart; now < warmUpEnd; query = (query + 1) % queryCount) {
    now = search(query).end
    await endTick(now)
  }
  for (let query = 0; query < queryCount; ++query) {
    const { found, end, latency } = search(query)
    latencies[query] = latency
    const count = counts[query] as number
    const farthest = distances[query * k + count - 1] as number
    wanted += count
    hits += found.slice(0, count).filter(({ distance }) => distance <= farthest).length
    await endTick(end)
  }
  latencies.sort()
  const at = (share: number) => latencies[Math.min(queryCount - 1, Math.floor(share * queryCount))] as number
  const totalMs = latencies.reduce((sum, latency) => sum + latency, 0)
  return {
    queryCount,
    k: wantedK,
    ef,
    recall: wanted === 0 ? 1 : hits / wanted,
    latencyMs: { median: at(0.5), p99: at(0.99), maximum: at(1) },
    queriesPerSecond: (queryCount / totalMs) * 1000,
  }
}
