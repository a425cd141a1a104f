/** A run as text: every peer's figures, then segvec's ratio to each package's best. */
import {
  batchSpeed,
  bestOf,
  buildDelay,
  buildSpeed,
  bytesPerVector,
  diskBytesPerVector,
  latency,
  latencyUnderLoad,
  loadTimes,
  ratioOf,
  recalls,
  residentBytesPerVector,
  rivals,
  type Spread,
  saveTime,
  searchSpeed,
} from './figures-of.ts'
import type { BenchResults, PeerResult } from './results.ts'

const show = (figure: Spread | undefined) =>
  figure === undefined
    ? 'not reached'
    : `${figure.median.toFixed(0)} (${figure.minimum.toFixed(0)}..${figure.maximum.toFixed(0)})`

const figures: [string, (peer: PeerResult) => Spread | undefined][] = [
  ['build, 1 thread', (peer) => buildSpeed(peer, 'one')],
  ['build, all threads', (peer) => buildSpeed(peer, 'all')],
  ...recalls.map((recall): [string, (peer: PeerResult) => Spread | undefined] => [
    `search at recall ${recall}`,
    (peer) => searchSpeed(peer, recall),
  ]),
]

const milliseconds: [string, (peer: PeerResult) => Spread | undefined][] = [
  ['single search, median', (peer) => latency(peer, 'p50Ms')],
  ['single search, p99', (peer) => latency(peer, 'p99Ms')],
  ['single search, p99.9', (peer) => latency(peer, 'p999Ms')],
  ['largest event loop delay while building', buildDelay],
]

const inMs = (seconds: Spread) => `${(seconds.median * 1e3).toPrecision(3)} ms`

function describePersistence(peer: PeerResult, rows: number): string[] {
  const bytes = diskBytesPerVector(peer, rows)
  if (bytes === undefined) return []
  const save = saveTime(peer)
  const saved = save === undefined ? 'with the build' : inMs(save)
  return [
    `  save: ${saved}, ${Math.round(bytes.median).toLocaleString('en-US')} bytes/vector on disk`,
    ...loadTimes(peer).map(
      ({ way, pageCache, load, firstAnswer }) =>
        `  load (${way}, ${pageCache}): ${inMs(load)}, first answer after ${inMs(firstAnswer)}`,
    ),
  ]
}

function describeUnderLoad(peer: PeerResult): string[] {
  return (peer.loadKinds ?? []).flatMap((load) => {
    const [p50, p99, p999] = (['p50Ms', 'p99Ms', 'p999Ms'] as const).map((percentile) =>
      latencyUnderLoad(peer, load, 'busy', percentile)?.median.toPrecision(3),
    )
    const name = load === 'add' ? 'adding' : 'compacting'
    return p50 === undefined
      ? []
      : [`  single search while ${name}: p50 ${p50}, p99 ${p99}, p99.9 ${p999} ms`]
  })
}

function describePeer(peer: PeerResult, setRows: number): string {
  const lines = [`\n${peer.name} ${peer.version} (${peer.notes})`]
  if (peer.failure !== undefined) lines.push(`  FAILED: ${peer.failure}`)
  const batch = batchSpeed(peer)
  const noBatch = peer.operatingPoint === undefined ? 'recall not reached' : 'no such call'
  for (const [name, figure] of figures) lines.push(`  ${name}: ${show(figure(peer))} /s`)
  lines.push(`  batch search, all threads: ${batch === undefined ? noBatch : `${show(batch)} /s`}`)
  for (const [name, figure] of milliseconds) {
    const spread = figure(peer)
    if (spread !== undefined) {
      const [middle, least, most] = [spread.median, spread.minimum, spread.maximum].map((ms) =>
        ms.toPrecision(3),
      )
      lines.push(`  ${name}: ${middle} (${least}..${most}) ms`)
    }
  }
  const resident = residentBytesPerVector(peer)
  if (resident !== undefined) lines.push(`  resident bytes per vector: ${resident.toFixed(0)}`)
  const bytes = bytesPerVector(peer)
  if (bytes !== undefined) lines.push(`  bytes per vector: ${bytes.toFixed(0)}`)
  return [...lines, ...describeUnderLoad(peer), ...describePersistence(peer, setRows)].join('\n')
}

export function describeRun(results: BenchResults): string {
  const { set } = results
  const lines = [
    `\n${set.name}: ${set.rows} x ${set.dimension}, ${set.metric}, ${set.queries} queries, truth: ${set.groundTruth}`,
    ...results.peers.map((peer) => describePeer(peer, set.rows)),
  ]
  const segvecs = results.peers.filter((peer) => peer.group === 'segvec')
  for (const segvec of segvecs) {
    lines.push(`\n${segvec.name} against the best of each rival`)
    for (const [name, peers] of rivals(results)) {
      const ratios = figures.map(([label, figure]) => {
        const ratio = ratioOf(figure(segvec), bestOf(peers, figure))
        return `${label} ${ratio === undefined ? '-' : `${ratio.estimate.toFixed(2)}x`}`
      })
      lines.push(`  ${name}: ${ratios.join(', ')}`)
    }
  }
  return lines.join('\n')
}
