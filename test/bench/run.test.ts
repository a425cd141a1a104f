import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { adaptersNamed } from '../../bench/ann/adapters/registry.ts'
import { scratchFolder } from '../../bench/ann/adapters/scratch-folder.ts'
import { loadDataSet } from '../../bench/ann/data-sets.ts'
import { groundTruth } from '../../bench/ann/ground-truth.ts'
import { readBenchOptions } from '../../bench/ann/options.ts'
import { run as runPeers } from '../../bench/ann/runner.ts'
import { writeSet } from '../../bench/ann/set-files.ts'
import { runNode } from '../support/child.ts'

const root = resolve(import.meta.dirname, '../..')

describe('npm run bench', () => {
  test('measures all there is to measure of a peer, and reports one that cannot be', async () => {
    const program = resolve(root, 'bench/ann/compare.ts')
    const args = [
      '--set',
      'clustered:1100x8',
      '--rounds',
      '1',
      '--build-rounds',
      '1',
      '--ef',
      '16,200',
      '--peers',
      'segvec,usearch u8',
    ]
    const end = await runNode(['--import', 'tsx', program, ...args])
    expect(end).toMatchObject({ code: 0, signal: null })
    expect(end.stdout).toMatch(/FAILED: Error: /)
    for (const figure of [
      /build, all threads: [\d.]+ \(/,
      /search at recall 0\.99: [\d.]+ \(/,
      /batch search, all threads: [\d.]+ \(/,
      /single search, p99\.9: [\d.]+ \(/,
      /largest event loop delay while building: [\d.]+ \(/,
      /while adding: p50 [\d.]+, p99 [\d.]+, p99\.9 [\d.]+ ms/,
      /while compacting: p50 /,
      /save: [\d.]+ ms, [\d,]+ bytes\/vector on disk/,
      /load \(mapped, warm\): [\d.]+ ms, first answer after [\d.]+ ms/,
      /resident bytes per vector: /,
      /bytes per vector: \d/,
    ]) {
      expect(end.stdout).toMatch(figure)
    }
    expect(existsSync(resolve(root, 'bench-report.html'))).toBe(true)
  })

  test('begins every build round with a new process, and goes on without a peer that fails', async () => {
    const set = await loadDataSet('clustered:600x8', { seed: 1, metric: 'l2', queries: undefined })
    const folder = scratchFolder()
    writeSet(folder.path, set)
    const parameters = { ...readBenchOptions([]).parameters, k: 5, efs: [50] }
    const { thresholds } = await groundTruth(set, parameters.k, true)
    const run = (buildRounds: number, searchRounds: number, leastBuildSeconds = 0) =>
      runPeers({
        ...{ set, setFolder: folder.path, thresholds, isSpeedOnly: true, log: () => undefined },
        peers: [{ adapter: 'usearch u8' }, { adapter: 'segvec' }],
        parameters: { ...parameters, buildRounds, searchRounds, leastBuildSeconds },
      })
    for (const [buildRounds, searchRounds] of [
      [3, 2],
      [1, 2],
    ] as const) {
      const { peers, rounds } = await run(buildRounds, searchRounds)
      expect(rounds).toEqual({ buildRounds, searchRounds })
      expect(peers[0]?.failure).toMatch(/Error/)
      expect(peers[1]?.failure).toBeUndefined()
      // A process measures the memory of its first build only.
      const builds = peers[1]?.builds.map((build) => build.rounds) ?? []
      expect(builds.map((made) => made.length)).toEqual([buildRounds, buildRounds])
      expect(builds[1]?.every((round) => round.residentBytesPerVector !== undefined)).toBe(true)
      expect(builds.flat().map(({ count }) => count)).toEqual(Array(2 * buildRounds).fill(1))
      expect(peers[1]?.sweeps[0]?.rounds.map(([point]) => point?.recall)).toEqual([1, 1])
    }
    const short = (await run(1, 1, 0.3)).peers[1]?.builds.flatMap((build) => build.rounds) ?? []
    expect(short.every(({ count = 0 }) => count > 1)).toBe(true)
    const { peers, rounds } = await run(0, 1)
    expect(rounds).toEqual({ buildRounds: 0, searchRounds: 1 })
    expect(peers[1]?.sweeps[0]?.rounds[0]?.[0]?.recall).toBe(1)
    folder.remove()
  })

  test('takes a quick look without options, and all of everything on request', () => {
    const quick = readBenchOptions([])
    expect(quick).toMatchObject({ sets: ['text'], limit: 10_000, isParallel: false })
    expect(quick.parameters).toMatchObject({ searchRounds: 2, buildRounds: 1, seed: 1 })
    const full = readBenchOptions(['--full'])
    expect(full.sets).toContain('text')
    expect(full).toMatchObject({ limit: undefined, isParallel: true })
    const named = readBenchOptions(['--set', 'a', '--set', 'b', '--rounds', '7', '--name', 'reference'])
    expect(named).toMatchObject({ sets: ['a', 'b'], limit: undefined, name: 'reference' })
    expect(named.parameters).toMatchObject({ searchRounds: 7, buildRounds: 3 })
    expect(() => readBenchOptions(['--rounds', 'many'])).toThrow("--rounds is 'many'")
  })

  test('knows peers by their name or the start of it', () => {
    expect(adaptersNamed(['segvec'])).toEqual(['segvec'])
    expect(adaptersNamed(['usearch', 'sqlite'])).toEqual([
      'usearch f32',
      'usearch f16',
      'usearch i8',
      'usearch u8',
      'sqlite-vec',
    ])
    expect(() => adaptersNamed(['faiss'])).toThrow(/no peer is called 'faiss'; there are: segvec/)
  })
})
