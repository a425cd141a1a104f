/** Tables of the comparison, from committed results: medians, and segvec's ratio to the best of each rival. */
import {
  bestOf,
  buildSpeed,
  ratioOf,
  residentBytesPerVector,
  rivals,
  type Spread,
  searchSpeed,
} from './figures-of.ts'
import { type Cell, markdownTable, rounded } from './markdown.ts'
import type { BenchResults, PeerResult } from './results.ts'

type Column = readonly [string, (peer: PeerResult) => Spread | undefined]

const buildColumns: readonly Column[] = [
  ['build, 1 thread', (peer) => buildSpeed(peer, 'one')],
  ['build, all threads', (peer) => buildSpeed(peer, 'all')],
]
const columns: readonly Column[] = [
  ...buildColumns,
  ['search at 0.90', (peer) => searchSpeed(peer, 0.9)],
  ['at 0.95', (peer) => searchSpeed(peer, 0.95)],
  ['at 0.99', (peer) => searchSpeed(peer, 0.99)],
  ['at 0.999', (peer) => searchSpeed(peer, 0.999)],
]

/**
 * How many times the figure of the best of a rival's configurations ours is; `undefined` where one of them has none, and for the
 * build of a scan, which builds nothing.
 */
function ratio(
  ours: PeerResult,
  theirs: readonly PeerResult[],
  of: (peer: PeerResult) => Spread | undefined,
) {
  const isOfBuild = buildColumns.some(([, build]) => build === of)
  if (isOfBuild && theirs.some((peer) => peer.isExact)) return undefined
  return ratioOf(of(ours), bestOf(theirs, of))?.estimate
}

const peerNamed = ({ peers }: BenchResults, name: string) => peers.find((peer) => peer.name === name)

const peerRow = (peer: PeerResult): Cell[] => [
  peer.name,
  ...columns.map(([, of]) => rounded(of(peer)?.median)),
  rounded(residentBytesPerVector(peer)),
]

const times = (value: number | undefined) => (value === undefined ? undefined : `${value.toFixed(1)}x`)

const ratioRow = (segvec: PeerResult, name: string, peers: readonly PeerResult[]): Cell[] => [
  `${segvec.name} : ${name}`,
  ...columns.map(([, of]) => times(ratio(segvec, peers, of))),
  undefined,
]

/** One set with all its peers, for docs/benchmarks.md. */
export function setTable(results: BenchResults, file: string): string {
  const { set, parameters, versions } = results
  const hasFigures = (peer: PeerResult) => columns.some(([, of]) => of(peer) !== undefined)
  const measured = results.peers.filter((peer) => peer.failure === undefined || hasFigures(peer))
  const failed = results.peers.filter(({ failure }) => failure !== undefined)
  const ours = ['segvec', 'segvec none'].flatMap((name) => peerNamed(results, name) ?? [])
  return [
    `**${set.name}**: ${set.rows.toLocaleString('en-US')} x ${set.dimension}, ${set.metric}, ${parameters.buildRounds} build and ${parameters.searchRounds} search rounds, commit ${versions.commit.slice(0, 10)} ([raw results](../bench/results/${file}))`,
    `![Queries per second over recall](figures/${set.name}-recall.svg) ![Vectors per second of a build](figures/${set.name}-build.svg)`,
    markdownTable(
      ['', ...columns.map(([name]) => name), 'resident bytes/vector'],
      [
        ...measured.map(peerRow),
        ...ours.flatMap((segvec) =>
          [...rivals({ ...results, peers: measured })].map(([name, peers]) => ratioRow(segvec, name, peers)),
        ),
      ],
    ),
    ...failed.map(
      (peer) => `${hasFigures(peer) ? 'Measured in part' : 'Not measured'}: ${peer.name}: ${peer.failure}`,
    ),
  ].join('\n\n')
}

/** From the least to the most of all sets. */
function range(values: readonly (number | undefined)[]): string | undefined {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  const [least, most] = [known[0]?.toFixed(1), known.at(-1)?.toFixed(1)]
  if (least === undefined) return undefined
  const ofSets = known.length === values.length ? '' : ` (${known.length} of ${values.length} sets)`
  return `${least === most ? least : `${least}–${most}`}x${ofSets}`
}

/** A sentence about the packages that build with one thread only; their speed with all is that with one. */
function oneThreaded(all: readonly BenchResults[]): string {
  const peers = all.flatMap((results) => [...rivals(results).values()].flat())
  const groups = [...new Set(peers.map(({ group }) => group))].filter((name) =>
    peers.every(
      ({ group, threadCounts, isExact }) => group !== name || (threadCounts.join() === '1' && !isExact),
    ),
  )
  return groups.length === 0 ? '' : `\n${groups.join(' and ')} can build with one thread only.`
}

/** Against whom, by how much: for README.md. */
export function againstTable(files: ReadonlyMap<string, BenchResults>): string {
  const all = [...files.values()]
  const [first] = all
  if (first === undefined) throw new Error('no results to draw figures from')
  const names = [...new Set(all.flatMap((results) => [...rivals(results).keys()]))]
  const { parameters, versions, machine } = first
  const rows = names.map((name): Cell[] => [
    name,
    ...columns.map(([, of]) =>
      range(
        all.map((results) => {
          const [segvec, theirs] = [peerNamed(results, 'segvec'), rivals(results).get(name)]
          return segvec && theirs && ratio(segvec, theirs, of)
        }),
      ),
    ),
  ])
  const sets = all
    .map(
      ({ set, versions: { commit } }) =>
        `${set.name} (${set.rows.toLocaleString('en-US')} x ${set.dimension}, ${set.metric}, commit ${commit.slice(0, 10)})`,
    )
    .join(', ')
  return [
    `segvec's speed as a multiple of each package's: the lowest and the highest of ${all.length === 1 ? 'one set' : `${all.length} sets`}, each package at the best of its settings that were run.\nSingle queries by \`searchSync\` on one thread, at the recall named; an awaited \`search\` adds the way to another thread and back. Pseudomedians of the ratios of\ninterleaved rounds, M ${parameters.M}, efConstruction ${parameters.efConstruction}, k ${parameters.k}; ${machine.cpu}, ${machine.cores} cores, Node ${versions.node}.${oneThreaded(all)}`,
    markdownTable(['against', ...columns.map(([name]) => name)], rows),
    `Sets: ${sets}. Fewer sets than all are named where a package did not reach the recall with any \`ef\` that was tried. All figures, how they were\nmeasured, and what each package is set to: [docs/benchmarks.md](docs/benchmarks.md).`,
    all
      .map(({ set }) => `![${set.name}: queries per second over recall](docs/figures/${set.name}-recall.svg)`)
      .join('\n'),
  ].join('\n\n')
}
