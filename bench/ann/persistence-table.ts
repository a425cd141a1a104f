/** Files and latencies beside other work, from committed results, for docs/benchmarks.md. */
import type { LoadKind } from './adapters/adapter.ts'
import {
  diskBytesPerVector,
  type LoadSpread,
  latencyUnderLoad,
  loadTimes,
  type Spread,
  saveTime,
  shareOfReadSpeed,
  spread,
} from './figures-of.ts'
import type { LoadTimes } from './load-once.ts'
import { type Cell, markdownTable, rounded } from './markdown.ts'
import type { PersistenceAnswer } from './persistence.ts'
import type { BenchResults, PeerResult } from './results.ts'

const ms = (seconds: Spread | undefined): Cell => rounded(seconds && seconds.median * 1e3)

/** Ways that read the files as they are needed have none. */
export function shareOfReading(
  rounds: readonly PersistenceAnswer[],
  way: string,
  pageCache: LoadTimes['pageCache'],
): Cell {
  return way === 'memory' ? shareOfReadSpeed(rounds, way, pageCache)?.median.toFixed(2) : undefined
}

function persistenceRows(peer: PeerResult, rows: number): Cell[][] {
  const times = loadTimes(peer)
  const ways = [...new Set(times.map(({ way }) => way))]
  return ways.map((way) => {
    const of = (pageCache: LoadSpread['pageCache']) =>
      times.find((each) => each.way === way && each.pageCache === pageCache)
    return [
      `${peer.name}, ${way}`,
      rounded(diskBytesPerVector(peer, rows)?.median),
      saveTime(peer) === undefined ? 'with the build' : ms(saveTime(peer)),
      ...(['warm', 'cold'] as const).flatMap((pageCache) => [
        ms(of(pageCache)?.load),
        shareOfReading(peer.persistence ?? [], way, pageCache),
        ms(of(pageCache)?.firstAnswer),
      ]),
    ]
  })
}

export function persistenceTable({ set, peers, readSpeeds }: BenchResults): string {
  const speed = (values: readonly number[] = []) =>
    values.length === 0 ? 'not measured' : `${rounded(spread(values).median / 1e6)} MB/s`
  const rounds = Math.max(...peers.map((peer) => peer.persistence?.length ?? 0))
  return [
    `**${set.name}**, ${rounds} rounds; reading a file from its beginning to its end in the same rounds: ${speed(readSpeeds?.warm)} warm, ${speed(readSpeeds?.cold)} cold.`,
    markdownTable(
      [
        ...['', 'bytes/vector', 'save, ms'],
        ...['load warm, ms', 'of reading', 'first answer'],
        ...['load cold, ms', 'of reading', 'first answer'],
      ],
      peers.flatMap((peer) => persistenceRows(peer, set.rows)),
    ),
  ].join('\n\n')
}

const loads: readonly [LoadKind, string][] = [
  ['add', 'adding'],
  ['compact', 'compacting'],
]

export function underLoadTable({ set, peers }: BenchResults): string {
  const rows = peers.flatMap((peer) =>
    loads.flatMap(([load, name]): Cell[][] => {
      if (!peer.loadKinds?.includes(load)) return []
      return [
        [
          `${peer.name}, ${name}`,
          ...(['idle', 'busy'] as const).flatMap((when) =>
            (['count', 'p50Ms', 'p99Ms', 'p999Ms'] as const).map((percentile) =>
              rounded(latencyUnderLoad(peer, load, when, percentile)?.median),
            ),
          ),
        ],
      ]
    }),
  )
  return [
    `**${set.name}**, milliseconds:`,
    markdownTable(['', 'idle searches', 'p50', 'p99', 'p99.9', 'busy searches', 'p50', 'p99', 'p99.9'], rows),
  ].join('\n\n')
}
