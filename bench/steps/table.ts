import { buildSpeed, ratioOf, type Spread, searchSpeed } from '../ann/figures-of.ts'
import type { BenchResults, PeerResult } from '../ann/results.ts'

const columns: readonly [string, (peer: PeerResult) => Spread | undefined][] = [
  ['build, 1 thread', (peer) => buildSpeed(peer, 'one')],
  ['build, all threads', (peer) => buildSpeed(peer, 'all')],
  ['search at 0.95', (peer) => searchSpeed(peer, 0.95)],
  ['at 0.99', (peer) => searchSpeed(peer, 0.99)],
]

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

/** Speeds as multiples of the first row's, as Markdown. */
export function stepsTable(results: BenchResults): string {
  const { set, peers, machine, parameters } = results
  const [first] = peers
  if (first === undefined) throw new Error('no step was measured')
  const cell = (peer: PeerResult, of: (peer: PeerResult) => Spread | undefined) => {
    const ratio = ratioOf(of(peer), of(first))
    return ratio === undefined ? '–' : `${ratio.estimate.toFixed(2)}x`
  }
  const absolute = columns
    .map(([name, of]) => `${name} ${Number(of(first)?.median.toPrecision(3) ?? 0).toLocaleString('en-US')}/s`)
    .join(', ')
  const head = ['', ...columns.map(([name]) => name)]
  return [
    `**${set.name}**, ${set.rows.toLocaleString('en-US')} x ${set.dimension}, ${set.metric}; ${machine.cpu ?? 'unknown CPU'}, ${machine.cores} cores; ${parameters.buildRounds} build and ${parameters.searchRounds} search rounds. The first row is ${absolute}.`,
    '',
    row(head),
    row(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...peers.map((peer) => row([peer.name, ...columns.map(([, of]) => cell(peer, of))])),
  ].join('\n')
}
