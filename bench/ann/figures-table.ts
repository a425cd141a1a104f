/** The README's table, from committed results: medians, and segvec's ratio to the best of each rival. */
import { bestOf, buildSpeed, bytesPerVector, rivals, type Spread, searchSpeed } from './figures-of.ts'
import type { BenchResults, PeerResult } from './results.ts'

const columns: [string, (peer: PeerResult) => Spread | undefined][] = [
  ['build, 1 thread', (peer) => buildSpeed(peer, 'one')],
  ['build, all threads', (peer) => buildSpeed(peer, 'all')],
  ['search at 0.90', (peer) => searchSpeed(peer, 0.9)],
  ['at 0.95', (peer) => searchSpeed(peer, 0.95)],
  ['at 0.99', (peer) => searchSpeed(peer, 0.99)],
  ['at 0.999', (peer) => searchSpeed(peer, 0.999)],
]

const round = (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US')

const cell = (figure: Spread | undefined) => (figure === undefined ? '–' : round(figure.median))

const tableRow = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

function peerRow(peer: PeerResult): string {
  const bytes = bytesPerVector(peer)
  const failed = peer.failure === undefined ? '' : ' (failed)'
  return tableRow([
    `${peer.name}${failed}`,
    ...columns.map(([, figure]) => cell(figure(peer))),
    bytes === undefined ? '' : round(bytes),
  ])
}

function ratioRow(segvec: PeerResult, name: string, peers: readonly PeerResult[]): string {
  const ratios = columns.map(([, figure]) => {
    const ours = figure(segvec)?.median
    const theirs = bestOf(peers, figure)?.median
    return ours === undefined || theirs === undefined ? '–' : `${(ours / theirs).toFixed(1)}x`
  })
  return tableRow([`segvec : ${name}`, ...ratios, ''])
}

function setTable(results: BenchResults, file: string): string {
  const { set } = results
  const segvec = results.peers.find((peer) => peer.name === 'segvec')
  const head = ['', ...columns.map(([name]) => name), 'bytes/vector']
  return [
    `**${set.name}**: ${round(set.rows)} x ${set.dimension}, ${set.metric} ([raw results](bench/results/${file}))`,
    '',
    `![Queries per second over recall](docs/figures/${set.name}-recall.svg) ![Vectors per second of a build](docs/figures/${set.name}-build.svg)`,
    '',
    tableRow(head),
    tableRow(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...results.peers.map(peerRow),
    ...(segvec === undefined
      ? []
      : [...rivals(results)].map(([name, peers]) => ratioRow(segvec, name, peers))),
  ].join('\n')
}

/** Markdown for all result files given, which are of one run. */
export function figuresTable(files: ReadonlyMap<string, BenchResults>): string {
  const first = [...files.values()][0]
  if (first === undefined) throw new Error('no results to draw figures from')
  const { parameters, versions, machine } = first
  const { cpu, cores } = machine
  const intro = [
    `Vectors and queries per second, medians of interleaved rounds; M ${parameters.M}, efConstruction ${parameters.efConstruction},`,
    `k ${parameters.k}; searches with one thread, at the recall named; – where it is not reached. ${cpu}, ${cores} cores, Node ${versions.node},`,
    `commit ${versions.commit.slice(0, 10)}. How, and what each peer is set to: [docs/benchmarks.md](docs/benchmarks.md).`,
  ].join('\n')
  return [intro, ...[...files].map(([file, results]) => setTable(results, file))].join('\n\n')
}
