/**
 * Whether two runs of the same comparison say the same. Speeds depend on the minute and on the machine; what is quoted are
 * ratios, so these are compared: every peer's figures, each by that of one package in the same run.
 */

import { assertComparable } from './comparable.ts'
import { speedFigures } from './compared-figures.ts'
import { ratioOf } from './figures-of.ts'
import type { BenchResults, PeerResult } from './results.ts'

export interface RatioPair {
  readonly peer: string
  readonly figure: string
  /** How many times the baseline's figure it is in each run; `undefined` where it is not reached. */
  readonly first: number | undefined
  readonly second: number | undefined
  /** By how much the larger one exceeds the smaller one; infinite where only one run has it. */
  readonly disagreement: number
}

/**
 * Every ratio that at least one run has, those that disagree most first.
 *
 * @throws {Error} where the runs cannot be compared, or one of them has no figures of the baseline.
 */
export function ratioPairs(first: BenchResults, second: BenchResults, baseline: string): RatioPair[] {
  assertComparable(first, second)
  const find = ({ peers }: BenchResults, name: string) => peers.find((peer) => peer.name === name)
  const bases = [first, second].map((run) => find(run, baseline))
  if (bases.some((base) => base === undefined || base.failure !== undefined)) {
    throw new Error(`not both runs have figures of ${baseline}, by which the others are divided`)
  }
  const names = new Set([...first.peers, ...second.peers].map(({ name }) => name))
  names.delete(baseline)
  const pairs = [...names].flatMap((name) =>
    speedFigures.flatMap((figure) => {
      const ratio = (run: BenchResults, base: PeerResult | undefined) => {
        const peer = find(run, name)
        return ratioOf(peer && figure.of(peer), base && figure.of(base))?.estimate
      }
      const [a, b] = [ratio(first, bases[0]), ratio(second, bases[1])]
      if (a === undefined && b === undefined) return []
      const disagreement =
        a === undefined || b === undefined ? Number.POSITIVE_INFINITY : Math.max(a / b, b / a) - 1
      return [{ peer: name, figure: figure.name, first: a, second: b, disagreement }]
    }),
  )
  return pairs.sort((a, b) => b.disagreement - a.disagreement)
}
