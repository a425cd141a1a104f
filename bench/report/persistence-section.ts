/** Saving, loading and the first answer, as a part of a run's section. */
import { diskBytesPerVector, loadTimes, type Spread, saveTime, spread } from '../ann/figures-of.ts'
import type { BenchResults, PeerResult } from '../ann/results.ts'
import { cell, escaped, figure, rounded, table } from './html.ts'

const ms = (seconds: Spread | undefined) =>
  cell(seconds && spread(seconds.values.map((value) => value * 1e3)))

function peerRows(peer: PeerResult, rows: number): string[][] {
  const save = peer.persistence?.length ? (saveTime(peer) ?? 'with the build') : undefined
  return loadTimes(peer).map(({ way, pageCache, load, firstAnswer }) => [
    escaped(peer.name),
    typeof save === 'string' ? save : ms(save),
    cell(diskBytesPerVector(peer, rows)),
    `${escaped(way)}, ${pageCache}`,
    ms(load),
    ms(firstAnswer),
  ])
}

export function persistenceSection(results: BenchResults): string {
  const { peers, readSpeeds, set } = results
  const rows = peers.flatMap((peer) => peerRows(peer, set.rows))
  if (rows.length === 0) return ''
  const speed = (values: readonly number[]) => `${rounded(spread(values).median / 1e6)} MB/s`
  const read =
    readSpeeds === undefined
      ? ''
      : ` Reading the file of the vectors from beginning to end took place at ${speed(readSpeeds.warm)} with the page cache warm${readSpeeds.cold.length === 0 ? '' : ` and ${speed(readSpeeds.cold)} with it cold`}.`
  const without = peers
    .filter((peer) => peer.failure === undefined && peer.persistence?.length === 0)
    .map(({ name }) => escaped(name))
  return `<h3>On disk</h3>
<p>Milliseconds to save, to load, and from the start of the load to the first answer. Warm: the system has the files in memory; cold: it has been asked to forget them.${read}${without.length === 0 ? '' : ` Not measured: ${without.join(', ')}.`}</p>
${figure('firstAnswer', 'Until the first answer', 'Page cache warm; memory: read whole, mapped or file: read as it is needed.')}
${table(['', 'save ms', 'bytes/vector on disk', 'loaded', 'load ms', 'first answer ms'], rows)}`
}
