/** Latency of searches beside other work, as a part of a run's section. */
import type { LoadKind } from '../ann/adapters/adapter.ts'
import { latencyUnderLoad } from '../ann/figures-of.ts'
import type { BenchResults, PeerResult } from '../ann/results.ts'
import { cell, escaped, figure, table } from './html.ts'

const percentiles = ['p50Ms', 'p99Ms', 'p999Ms'] as const
const loads: readonly [LoadKind, string][] = [
  ['add', 'while adding'],
  ['compact', 'while compacting'],
]

function peerRows(peer: PeerResult): string[][] {
  return loads.flatMap(([load, name]) => {
    if (!peer.loadKinds?.includes(load)) return [[escaped(peer.name), name, ...waits]]
    const cells = (['idle', 'busy'] as const).flatMap((when) =>
      percentiles.map((percentile) => cell(latencyUnderLoad(peer, load, when, percentile))),
    )
    return [[escaped(peer.name), name, ...cells]]
  })
}

const waits = [...percentiles.map(() => '–'), ...percentiles.map(() => 'waits')]

export function underLoadSection(results: BenchResults): string {
  const measured = results.peers.filter((peer) => (peer.underLoad?.length ?? 0) > 0)
  if (measured.length === 0) return ''
  const synchronous = results.peers
    .filter(
      (peer) =>
        peer.failure === undefined &&
        peer.loadKinds?.length === 0 &&
        peer.isInProcess !== false &&
        peer.group !== 'segvec',
    )
    .map(({ name }) => escaped(name))
  const blocked =
    synchronous.length === 0
      ? ''
      : ` ${synchronous.join(', ')}: an add holds the event loop, so that no search can even be asked for until it has ended.`
  return `<h3>Latency beside other work</h3>
<p>Milliseconds of single asynchronous searches, one after the other: right before the work and during it. Half of the set is indexed; adding is one call with the other half, compacting puts two halves in order.${blocked}</p>
${figure('underLoad', 'The slowest of a hundred', 'p99 with nothing else to do, while half of the set is added, and while two halves are merged.')}
${table(['', '', 'idle p50', 'p99', 'p99.9', 'busy p50', 'p99', 'p99.9'], measured.flatMap(peerRows))}`
}
