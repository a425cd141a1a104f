/** Rows for the plots, from raw results: medians, with what spread the rounds had. */
import {
  batchSpeed,
  buildDelay,
  buildSpeed,
  bytesPerVector,
  latency,
  latencyUnderLoad,
  loadTimes,
  residentBytesPerVector,
  type Spread,
  spread,
} from '../ann/figures-of.ts'
import { median } from '../ann/metrics.ts'
import type { ParallelBuild } from '../ann/parallel.ts'
import type { BenchResults, PeerResult } from '../ann/results.ts'

export interface CurvePoint {
  readonly peer: string
  readonly recall: number
  readonly queriesPerSecond: number
  readonly ef: number
  readonly variant: string
}

/** One bar, or one dot of a row of them. */
export interface BarRow extends Spread {
  readonly peer: string
  readonly kind: string
}

/** Peers with figures, in the order of the run. */
export const shownPeers = (results: BenchResults): PeerResult[] =>
  results.peers.filter((peer) => peer.sweeps.some(({ rounds }) => rounds.some((points) => points.length > 0)))

/** With 5,000 neighbors to find, one miss more or less is the noise of the queries: what is beyond counts as all found. */
export const mostRecall = 0.9998

/** What can be had from a peer: its points that no other one of it beats in recall and speed at once, by rising recall. */
export function curve(peer: PeerResult): CurvePoint[] {
  const points = peer.sweeps.flatMap(({ variant, rounds }) =>
    (rounds[0] ?? []).map(({ ef }, i) => {
      const sameEf = rounds.flatMap((points) => points[i] ?? [])
      return {
        peer: peer.name,
        recall: median(sameEf.map(({ recall }) => recall)),
        queriesPerSecond: median(sameEf.map(({ queriesPerSecond }) => queriesPerSecond)),
        ef,
        variant,
      }
    }),
  )
  const shown = ({ recall }: CurvePoint) => Math.min(recall, mostRecall)
  let fastest = 0
  return points
    .sort((a, b) => shown(b) - shown(a) || b.queriesPerSecond - a.queriesPerSecond)
    .filter(({ queriesPerSecond }) => {
      const isBest = queriesPerSecond > fastest
      if (isBest) fastest = queriesPerSecond
      return isBest
    })
    .reverse()
}

const rowsOf = (
  results: BenchResults,
  kinds: readonly (readonly [string, (peer: PeerResult) => Spread | undefined])[],
): BarRow[] =>
  results.peers.flatMap((peer) =>
    kinds.flatMap(([kind, figure]) => {
      const value = figure(peer)
      return value === undefined ? [] : [{ peer: peer.name, kind, ...value }]
    }),
  )

const single = (value: number | undefined): Spread | undefined =>
  value === undefined ? undefined : spread([value])

export const buildRows = (results: BenchResults) =>
  rowsOf(results, [
    ['1 thread', (peer) => buildSpeed(peer, 'one')],
    // A package without threads has one figure, which is not shown twice.
    ['all threads', (peer) => (peer.builds.length > 1 ? buildSpeed(peer, 'all') : undefined)],
  ])

export const latencyRows = (results: BenchResults) =>
  rowsOf(results, [
    ['median', (peer) => latency(peer, 'p50Ms')],
    ['p99', (peer) => latency(peer, 'p99Ms')],
    ['p99.9', (peer) => latency(peer, 'p999Ms')],
  ])

export const memoryRows = (results: BenchResults) =>
  rowsOf(results, [
    ['resident', (peer) => single(residentBytesPerVector(peer))],
    ['reported', (peer) => single(bytesPerVector(peer))],
  ])

/** Milliseconds until the first answer, with the files in the page cache. */
export const firstAnswerRows = (results: BenchResults): BarRow[] =>
  results.peers.flatMap((peer) =>
    loadTimes(peer).flatMap(({ way, pageCache, firstAnswer }) => {
      if (pageCache === 'cold') return []
      return [{ peer: peer.name, kind: way, ...spread(firstAnswer.values.map((value) => value * 1e3)) }]
    }),
  )

/** The slowest of a hundred single searches: with nothing else to do, and beside each load. */
export const underLoadRows = (results: BenchResults) =>
  rowsOf(results, [
    [
      'idle',
      (peer) =>
        latencyUnderLoad(peer, 'add', 'idle', 'p99Ms') ?? latencyUnderLoad(peer, 'compact', 'idle', 'p99Ms'),
    ],
    ['adding', (peer) => latencyUnderLoad(peer, 'add', 'busy', 'p99Ms')],
    ['compacting', (peer) => latencyUnderLoad(peer, 'compact', 'busy', 'p99Ms')],
  ])

export const batchRows = (results: BenchResults) => rowsOf(results, [['batch', batchSpeed]])

export const delayRows = (results: BenchResults) => rowsOf(results, [['delay', buildDelay]])

export interface SpeedUpRow extends Spread {
  readonly threads: number
}

/** Per number of threads, how many times the speed of one thread, round by round. */
export function speedUpRows(builds: readonly ParallelBuild[]): SpeedUpRow[] {
  const speeds = (threads: number) =>
    builds.filter((build) => build.threads === threads).map(({ vectorsPerSecond }) => vectorsPerSecond)
  const alone = speeds(1)
  const counts = [...new Set(builds.map(({ threads }) => threads))].sort((a, b) => a - b)
  return counts.map((threads) => {
    const ratios = speeds(threads).map((speed, round) => speed / (alone[round] ?? Number.NaN))
    return { threads, ...spread(ratios) }
  })
}

export interface GridCell {
  readonly threads: number
  readonly batchRows: number
  readonly vectorsPerSecond: number
  /** Of the best cell's speed. */
  readonly share: number
}

/** Medians of the rounds, each beside the best of them all. */
export function gridCells(builds: readonly ParallelBuild[]): GridCell[] {
  const cells = new Map<string, { threads: number; batchRows: number; speeds: number[] }>()
  for (const { threads, batchRows, vectorsPerSecond } of builds) {
    const key = `${threads} ${batchRows}`
    const cell = cells.get(key) ?? { threads, batchRows, speeds: [] }
    cell.speeds.push(vectorsPerSecond)
    cells.set(key, cell)
  }
  const rows = [...cells.values()].map(({ threads, batchRows, speeds }) => ({
    threads,
    batchRows,
    vectorsPerSecond: median(speeds),
  }))
  const best = Math.max(...rows.map(({ vectorsPerSecond }) => vectorsPerSecond))
  return rows.map((row) => ({ ...row, share: row.vectorsPerSecond / best }))
}
