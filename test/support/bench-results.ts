import type { BenchResults, PeerResult } from '../../bench/ann/results.ts'

const spread = [0.98, 1, 1.02]

/** A peer whose every speed is in proportion to `speed`, by rounds that spread by 2 %. */
export function peerResult(name: string, speed: number, changes: Partial<PeerResult> = {}): PeerResult {
  const sweep = (factor: number) =>
    [10, 20, 40, 80, 160, 320].map((ef, i) => ({
      ef,
      recall: 1 - 0.2 / 3 ** i,
      queriesPerSecond: (factor * speed * 1000) / ef,
    }))
  const build = (threads: number) => ({
    threads,
    rounds: spread.map((factor) => ({
      seconds: 1 / (factor * speed * threads),
      cpuSeconds: 1,
      vectorsPerSecond: factor * speed * threads,
      largestDelayMs: 3,
      ...(threads === 1 ? {} : { residentBytesPerVector: 900 }),
      ...(name.startsWith('segvec') ? { bytesPerVector: 800 } : {}),
    })),
  })
  return {
    name,
    group: name.startsWith('segvec') ? 'segvec' : name,
    version: '1.0.0',
    notes: `notes on ${name}`,
    threadCounts: [1, 2],
    variants: [''],
    builds: [build(1), build(2)],
    sweeps: [{ variant: '', rounds: spread.map(sweep) }],
    operatingPoint: { ef: 40, variant: '', recall: 0.9777 },
    latencies: spread.map((factor) => percentilesOf(1 / (factor * speed))),
    batches: spread.map((factor) => ({ recall: 0.9777, queriesPerSecond: factor * speed * 60 })),
    loadKinds: name.startsWith('segvec') ? ['add', 'compact'] : [],
    underLoad: name.startsWith('segvec')
      ? (['add', 'compact'] as const).map((load) => ({
          load,
          idle: percentilesOf(1 / speed),
          busy: percentilesOf(2 / speed),
          workSeconds: 1,
        }))
      : [],
    persistence: spread.map((factor) => ({
      ...(name.startsWith('@') ? {} : { saveSeconds: factor / speed }),
      diskBytes: 900_000,
      loads: (['warm', 'cold'] as const).map((pageCache) => ({
        way: 'memory',
        pageCache,
        loadSeconds: factor / speed,
        firstAnswerSeconds: (factor * 1.1) / speed,
        readSpeed: 4e9,
      })),
    })),
    ...changes,
  }
}

const percentilesOf = (ms: number) => ({
  count: 2000,
  p50Ms: ms,
  p99Ms: 2 * ms,
  p999Ms: 3 * ms,
  maximumMs: 9 * ms,
})

/** Results of a run that never was. */
export function benchResults(peers: PeerResult[], changes: Partial<BenchResults> = {}): BenchResults {
  return {
    set: {
      name: 'made-up-8',
      rows: 1000,
      dimension: 8,
      metric: 'l2',
      queries: 100,
      groundTruth: 'exact scan',
    },
    parameters: {
      M: 16,
      efConstruction: 200,
      k: 10,
      efs: [10, 20, 40, 80, 160, 320],
      buildRounds: 3,
      searchRounds: 3,
      seed: 1,
      operatingRecall: 0.95,
    },
    machine: {
      cpu: 'a made-up CPU',
      cores: 2,
      memoryBytes: 2 ** 34,
      platform: 'linux x64, 6.1',
      instructionSets: { selected: 'avx2', available: ['avx2', 'scalar'] },
    },
    versions: { node: 'v20.0.0', commit: '0123456789abcdef', isDirty: false },
    date: '2026-01-01T00:00:00.000Z',
    peers,
    readSpeeds: { warm: [4e9, 5e9], cold: [1e9] },
    ...changes,
  }
}
