/**
 * What became worse from one run to a later one. Two runs are never made on the same machine at the same load, so a figure is
 * first brought to the old run's scale by what the same figure did for the packages that are not ours and are the same
 * in both runs; only what is worse beyond that, and beyond the spread of the rounds of both runs, is a regression.
 */
import { assertComparable } from './comparable.ts'
import { type Figure, speedFigures } from './compared-figures.ts'
import { bytesPerVector, latency, spread } from './figures-of.ts'
import type { BenchResults, PeerResult } from './results.ts'

const figures: readonly Figure[] = [
  ...speedFigures,
  { name: 'single search, p99', isSmallerBetter: true, isSpeed: true, of: (peer) => latency(peer, 'p99Ms') },
  {
    name: 'bytes per vector',
    isSmallerBetter: true,
    isSpeed: false,
    of(peer) {
      const bytes = bytesPerVector(peer)
      return bytes === undefined ? undefined : spread([bytes])
    },
  },
]

export interface Change {
  readonly peer: string
  readonly figure: string
  readonly old: number
  /** At the old run's scale; left out where the figure is gone. */
  readonly new?: number
  /** How many times as good as before: below 1 is worse. */
  readonly ratio?: number
  readonly isRegression: boolean
  readonly reason?: string
}

/** @throws {Error} where the runs cannot be compared: another set or other parameters. */
export function changesBetween(before: BenchResults, after: BenchResults, tolerance: number): Change[] {
  assertComparable(before, after)
  const ours = before.peers.filter((peer) => peer.group === 'segvec')
  if (ours.length === 0) throw new Error('the old results hold no figures of segvec')
  return ours.flatMap((old) => {
    const now = after.peers.find((peer) => peer.name === old.name)
    if (now === undefined) {
      return [
        {
          peer: old.name,
          figure: 'all',
          old: Number.NaN,
          isRegression: true,
          reason: 'not in the new results',
        },
      ]
    }
    if (now.failure !== undefined && old.failure === undefined) {
      return [{ peer: old.name, figure: 'all', old: Number.NaN, isRegression: true, reason: now.failure }]
    }
    return figures.flatMap(
      (figure) => changeOf(figure, old, now, machineChange(figure, before, after), tolerance) ?? [],
    )
  })
}

function changeOf(
  figure: Figure,
  oldPeer: PeerResult,
  newPeer: PeerResult,
  scale: number,
  tolerance: number,
): Change | undefined {
  const old = figure.of(oldPeer)
  if (old === undefined) return undefined
  const change = { peer: oldPeer.name, figure: figure.name, old: old.median }
  const given = figure.of(newPeer)
  if (given === undefined) return { ...change, isRegression: true, reason: 'not reached any more' }
  const now = spread(given.values.map((value) => value / scale))
  const ratio = figure.isSmallerBetter ? old.median / now.median : now.median / old.median
  const isApart = figure.isSmallerBetter ? now.minimum > old.maximum : now.maximum < old.minimum
  return { ...change, new: now.median, ratio, isRegression: ratio < 1 - tolerance && isApart }
}

/** How many times the figure of the other packages, the same versions in both runs, is what it was: their geometric mean. */
function machineChange(figure: Figure, before: BenchResults, after: BenchResults): number {
  if (!figure.isSpeed) return 1
  const logarithms = before.peers.flatMap((old) => {
    const now = after.peers.find((peer) => peer.name === old.name && peer.version === old.version)
    if (old.group === 'segvec' || now === undefined) return []
    const [from, to] = [figure.of(old)?.median, figure.of(now)?.median]
    return from === undefined || to === undefined ? [] : [Math.log(to / from)]
  })
  if (logarithms.length === 0) return 1
  return Math.exp(logarithms.reduce((sum, logarithm) => sum + logarithm, 0) / logarithms.length)
}
