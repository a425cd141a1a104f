/** Figures drawn from raw results. */
import type { LoadKind } from './adapters/adapter.ts'
import type { LoadTimes } from './load-once.ts'
import { median, pseudomedian, queriesPerSecondAt } from './metrics.ts'
import type { PersistenceAnswer } from './persistence.ts'
import type { BenchResults, PeerResult } from './results.ts'

export const recalls = [0.9, 0.95, 0.99, 0.999] as const

export interface Spread {
  readonly median: number
  readonly minimum: number
  readonly maximum: number
  /** In the order of the rounds. */
  readonly values: readonly number[]
}

export const spread = (values: readonly number[]): Spread => ({
  median: median(values),
  minimum: Math.min(...values),
  maximum: Math.max(...values),
  values,
})

/** How many times as much one is as the other, by the rounds of one run. */
export interface Ratio {
  /** The pseudomedian of the rounds' ratios, in logarithms: that of the inverse is its inverse. */
  readonly estimate: number
  readonly minimum: number
  readonly maximum: number
  /** In the order of the rounds. */
  readonly values: readonly number[]
}

export function ratio(values: readonly number[]): Ratio {
  const { minimum, maximum } = spread(values)
  return { estimate: Math.exp(pseudomedian(values.map(Math.log))), minimum, maximum, values }
}

/**
 * How many times the other figure one is in each round that has both: what slows the machine for a while slows both, so that these
 * scatter less than either. `undefined` where there is no such round.
 */
export function ratioOf(ours: Spread | undefined, theirs: Spread | undefined): Ratio | undefined {
  const ratios = (ours?.values ?? []).flatMap((value, round) => {
    const other = theirs?.values[round]
    return other === undefined ? [] : [value / other]
  })
  return ratios.length === 0 ? undefined : ratio(ratios)
}

const best = (spreads: readonly (Spread | undefined)[]): Spread | undefined =>
  spreads.reduce((a, b) => (a === undefined || (b !== undefined && b.median > a.median) ? b : a), undefined)

/** Vectors per second with one thread, or with the most a peer offers. */
export function buildSpeed(peer: PeerResult, threads: 'one' | 'all'): Spread | undefined {
  const timed = threads === 'one' ? peer.builds.find((build) => build.threads === 1) : peer.builds.at(-1)
  return timed === undefined || timed.rounds.length === 0
    ? undefined
    : spread(timed.rounds.map((round) => round.vectorsPerSecond))
}

/** Queries per second at a recall by the peer's best way to search; undefined where none reaches it in every round. */
export function searchSpeed(peer: PeerResult, recall: number): Spread | undefined {
  return best(
    peer.sweeps.map((sweep) => {
      const values = sweep.rounds.map((points) => queriesPerSecondAt(points, recall))
      return values.length === 0 || values.includes(undefined) ? undefined : spread(values as number[])
    }),
  )
}

const spreadOf = (values: readonly (number | undefined)[] | undefined): Spread | undefined => {
  const known = (values ?? []).filter((value) => value !== undefined)
  return known.length === 0 ? undefined : spread(known)
}

/** Milliseconds of single searches where the peer just reaches the operating recall. */
export const latency = (peer: PeerResult, percentile: 'p50Ms' | 'p99Ms' | 'p999Ms'): Spread | undefined =>
  spreadOf(peer.latencies?.map((round) => round[percentile]))

/** Queries per second of one call with all queries and all threads, at the same point. */
export const batchSpeed = (peer: PeerResult): Spread | undefined =>
  spreadOf(peer.batches?.map((round) => round.queriesPerSecond))

/** The event loop's largest delay in each build with all threads. */
export const buildDelay = (peer: PeerResult): Spread | undefined =>
  spreadOf(peer.builds.at(-1)?.rounds.map((round) => round.largestDelayMs))

/** Seconds until the package says that the index is in its files; `undefined` where it writes while it builds. */
export const saveTime = (peer: PeerResult): Spread | undefined =>
  spreadOf(peer.persistence?.map((round) => round.saveSeconds))

export const diskBytesPerVector = (peer: PeerResult, rows: number): Spread | undefined =>
  spreadOf(peer.persistence?.map((round) => round.diskBytes / rows))

/** How fast one way of loading goes through the files, as a share of reading them and no more. */
export function shareOfReadSpeed(
  rounds: readonly PersistenceAnswer[],
  way: string,
  pageCache: LoadTimes['pageCache'],
): Spread | undefined {
  return spreadOf(
    rounds.map(({ diskBytes, loads }) => {
      const times = loads.find((load) => load.way === way && load.pageCache === pageCache)
      return times && diskBytes / times.loadSeconds / times.readSpeed
    }),
  )
}

export interface LoadSpread {
  readonly way: string
  readonly pageCache: LoadTimes['pageCache']
  /** Seconds until the index is there, and, from the same moment, until the first answer. */
  readonly load: Spread
  readonly firstAnswer: Spread
}

/** Every way in which the package brings an index back. */
export function loadTimes(peer: PeerResult): LoadSpread[] {
  const all = peer.persistence?.flatMap((round) => round.loads) ?? []
  const keys = new Map(all.map(({ way, pageCache }) => [`${way} ${pageCache}`, { way, pageCache }]))
  return [...keys.values()].map(({ way, pageCache }) => {
    const same = all.filter((times) => times.way === way && times.pageCache === pageCache)
    return {
      way,
      pageCache,
      load: spread(same.map(({ loadSeconds }) => loadSeconds)),
      firstAnswer: spread(same.map(({ firstAnswerSeconds }) => firstAnswerSeconds)),
    }
  })
}

/** Milliseconds of single asynchronous searches beside a load, and right before it began, or how many there were. */
export function latencyUnderLoad(
  peer: PeerResult,
  load: LoadKind,
  when: 'idle' | 'busy',
  percentile: 'p50Ms' | 'p99Ms' | 'p999Ms' | 'count',
): Spread | undefined {
  return spreadOf(
    peer.underLoad?.filter((round) => round.load === load).map((round) => round[when][percentile]),
  )
}

/**
 * Resident memory that the first build in a process of the peer added. The most of all rounds: what else a process gives back to
 * the system during a build hides some of it.
 */
export function residentBytesPerVector(peer: PeerResult): number | undefined {
  const measured = peer.builds
    .flatMap((build) => build.rounds)
    .flatMap((round) => round.residentBytesPerVector ?? [])
  return measured.length === 0 ? undefined : Math.max(...measured)
}

export const bytesPerVector = (peer: PeerResult): number | undefined =>
  peer.builds[0]?.rounds.at(-1)?.bytesPerVector

/** Peers by group, in the order of the run, without segvec. */
export function rivals(results: BenchResults): Map<string, PeerResult[]> {
  const groups = new Map<string, PeerResult[]>()
  for (const peer of results.peers) {
    if (peer.group === 'segvec') continue
    groups.set(peer.group, [...(groups.get(peer.group) ?? []), peer])
  }
  return groups
}

/** The group's best figure, whichever of its configurations reaches it. */
export const bestOf = (peers: readonly PeerResult[], figure: (peer: PeerResult) => Spread | undefined) =>
  best(peers.map(figure))
