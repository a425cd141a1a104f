/** What the page says in words and tables, one section for each result file. */
import {
  batchSpeed,
  buildDelay,
  buildSpeed,
  bytesPerVector,
  latency,
  recalls,
  residentBytesPerVector,
  searchSpeed,
} from '../ann/figures-of.ts'
import type { BenchResults, PeerResult } from '../ann/results.ts'
import { cell, escaped, figure, single } from './html.ts'
import { parallelSection } from './parallel-section.ts'
import { persistenceSection } from './persistence-section.ts'
import { batchRows, delayRows, latencyRows, memoryRows } from './plot-data.ts'
import { underLoadSection } from './under-load-section.ts'

const columns: readonly [string, (peer: PeerResult) => string][] = [
  ['build, 1 thread', (peer) => cell(buildSpeed(peer, 'one'))],
  ['build, all threads', (peer) => cell(buildSpeed(peer, 'all'))],
  ...recalls.map((recall): [string, (peer: PeerResult) => string] => [
    `queries/s at ${recall}`,
    (peer) => {
      const speed = searchSpeed(peer, recall)
      return speed === undefined ? 'not reached' : cell(speed)
    },
  ]),
  [
    'batch, all threads',
    (peer) => (peer.batches?.length === 0 && peer.operatingPoint ? 'no call' : cell(batchSpeed(peer))),
  ],
  ['p50 ms', (peer) => cell(latency(peer, 'p50Ms'))],
  ['p99 ms', (peer) => cell(latency(peer, 'p99Ms'))],
  ['p99.9 ms', (peer) => cell(latency(peer, 'p999Ms'))],
  ['loop delay ms', (peer) => cell(buildDelay(peer))],
  ['resident bytes/vector', (peer) => single(residentBytesPerVector(peer))],
  ['reported bytes/vector', (peer) => single(bytesPerVector(peer))],
]

function figuresTable({ peers }: BenchResults): string {
  const head = ['', ...columns.map(([name]) => name)].map((name) => `<th>${name}</th>`).join('')
  const rows = peers.map((peer) => {
    const cells = peer.failure === undefined ? columns.map(([, of]) => `<td>${of(peer)}</td>`).join('') : ''
    const failure =
      peer.failure === undefined
        ? ''
        : `<td class="notes" colspan="${columns.length}">failed: ${escaped(peer.failure)}</td>`
    return `<tr><td>${escaped(peer.name)}</td>${cells}${failure}</tr>`
  })
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`
}

function peersTable({ peers }: BenchResults): string {
  const rows = peers.map(({ name, version, notes, failure }) => {
    const text = failure === undefined ? notes : `failed: ${failure}${notes === '' ? '' : ` (${notes})`}`
    return `<tr><td>${escaped(name)}</td><td>${escaped(version)}</td><td class="notes">${escaped(text)}</td></tr>`
  })
  return `<div class="scroll"><table><thead><tr><th>peer</th><th>version</th><th class="notes">how it is set, or why it is missing</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`
}

function machineLine({ machine, versions, parameters, date }: BenchResults): string {
  const memory = `${Math.round(machine.memoryBytes / 2 ** 30)} GiB`
  const simd = machine.instructionSets.selected
  const parts = [
    `${machine.cpu ?? 'unknown CPU'}, ${machine.cores} cores, ${memory}, segvec on ${simd}`,
    machine.platform,
    `Node ${versions.node}`,
    `commit ${versions.commit.slice(0, 10)}${versions.isDirty ? ' and changes' : ''}`,
    `M ${parameters.M}, efConstruction ${parameters.efConstruction}, k ${parameters.k}`,
    parameters.seed === undefined ? undefined : `seed ${parameters.seed}`,
    `${parameters.buildRounds} build and ${parameters.searchRounds} search rounds`,
    date.slice(0, 10),
  ]
  return parts
    .filter((part) => part !== undefined)
    .map(escaped)
    .join(' · ')
}

/** HTML of one run; the figures in it are drawn by the page's script. */
export function runSection(results: BenchResults, i: number): string {
  const { set, parameters, parallel } = results
  const operating = parameters.operatingRecall
  const at =
    operating === undefined ? '' : `, each peer at its fastest setting that reaches recall ${operating}`
  const optional = (rows: readonly unknown[], html: string) => (rows.length === 0 ? '' : html)
  return `<section data-run="${i}">
<h2>${escaped(set.name)}</h2>
<p>${set.rows.toLocaleString('en-US')} vectors of ${set.dimension}, ${escaped(set.metric)}, ${set.queries} queries, ground truth: ${escaped(set.groundTruth)}.
<a download="${escaped(set.name)}.json" href="#">Raw results (JSON)</a></p>
<p class="muted">${machineLine(results)}</p>
<figure><h3>Speed at a recall</h3><div class="legend"></div><div data-figure="recall"></div>
<figcaption>Single queries on one thread; up and to the right is better. Points are the settings of ef.</figcaption></figure>
<div class="pair">
${figure('build', 'Build', 'Vectors per second until the index answers by its graph.')}
${optional(memoryRows(results), figure('memory', 'Memory', 'Bytes per vector: resident memory that the first build added, and what the package itself reports.'))}
${optional(latencyRows(results), figure('latency', 'Latency of a single query', `Median, p99 and p99.9${at}.`))}
${optional(batchRows(results), figure('batch', 'Batch', `All queries in one call with all threads${at}; packages without such a call are left out.`))}
${optional(delayRows(results), figure('delay', 'Event loop while building', 'The largest gap between two turns of the event loop.'))}
</div>
${underLoadSection(results)}
${persistenceSection(results)}
${parallel === undefined ? '' : parallelSection(parallel)}
<h3>All figures</h3>
${figuresTable(results)}
<h3>The packages</h3>
${peersTable(results)}
</section>`
}
