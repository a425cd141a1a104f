import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { changesBetween } from '../../bench/ann/regressions.ts'
import type { BenchResults, PeerResult } from '../../bench/ann/results.ts'
import { benchResults, peerResult } from '../support/bench-results.ts'
import { runNode } from '../support/child.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const tolerance = 0.05
const before = benchResults([peerResult('segvec', 1000), peerResult('rival', 200)])
const regressions = (after: BenchResults) =>
  changesBetween(before, after, tolerance).filter((change) => change.isRegression)

/** segvec's results with one thing about them changed. */
const withSegvec = (change: (peer: PeerResult) => PeerResult, rivalSpeed = 200) =>
  benchResults([change(peerResult('segvec', 1000)), peerResult('rival', rivalSpeed)])

describe('changes between two runs', () => {
  test('are none between a run and itself', () => {
    expect(regressions(before)).toEqual([])
  })

  test('that the other packages show as well are the machine', () => {
    expect(regressions(benchResults([peerResult('segvec', 500), peerResult('rival', 100)]))).toEqual([])
  })

  test('are a regression where segvec alone became slower', () => {
    const worse = regressions(benchResults([peerResult('segvec', 800), peerResult('rival', 200)]))
    expect(worse.map(({ figure }) => figure)).toEqual([
      'build, 1 thread',
      'build, all threads',
      'search at recall 0.9',
      'search at recall 0.95',
      'search at recall 0.99',
      'search at recall 0.999',
      'batch search',
      'single search, p99',
    ])
    for (const { ratio } of worse) expect(ratio).toBeCloseTo(0.8)
  })

  test('are a regression where segvec stayed and the others became faster', () => {
    expect(regressions(benchResults([peerResult('segvec', 1000), peerResult('rival', 300)]))).not.toEqual([])
  })

  test('within the tolerance or the spread of the rounds are noise', () => {
    expect(regressions(benchResults([peerResult('segvec', 960), peerResult('rival', 200)]))).toEqual([])
    const noisy = withSegvec((peer) => ({
      ...peer,
      batches: [{ recall: 1, queriesPerSecond: 100 }, ...(peer.batches?.slice(0, 1) ?? [])],
    }))
    expect(regressions(noisy)).toEqual([])
  })

  test('go by recall, not by ef: the same speeds at a lower recall are a regression', () => {
    const lower = withSegvec((peer) => ({
      ...peer,
      sweeps: peer.sweeps.map(({ variant, rounds }) => ({
        variant,
        rounds: rounds.map((points) =>
          points.map((point) => ({ ...point, recall: 1 - 3 * (1 - point.recall) })),
        ),
      })),
    }))
    expect(regressions(lower).map(({ figure }) => figure)).toContain('search at recall 0.95')
  })

  test('are a regression where a recall is not reached any more, a peer failed or is gone, or memory grew', () => {
    const stalls = withSegvec((peer) => ({
      ...peer,
      sweeps: peer.sweeps.map(({ variant, rounds }) => ({
        variant,
        rounds: rounds.map((points) => points.slice(0, 4)),
      })),
    }))
    expect(regressions(stalls)).toMatchObject([
      { figure: 'search at recall 0.999', reason: 'not reached any more' },
    ])
    expect(regressions(withSegvec((peer) => ({ ...peer, failure: 'it broke' })))).toMatchObject([
      { peer: 'segvec', reason: 'it broke' },
    ])
    expect(regressions(benchResults([peerResult('rival', 200)]))).toMatchObject([
      { reason: 'not in the new results' },
    ])
    const heavier = withSegvec((peer) => ({
      ...peer,
      builds: peer.builds.map(({ threads, rounds }) => ({
        threads,
        rounds: rounds.map((round) => ({ ...round, bytesPerVector: 900 })),
      })),
    }))
    expect(regressions(heavier)).toMatchObject([{ figure: 'bytes per vector', old: 800, new: 900 }])
  })

  test('cannot be told between different sets or parameters', () => {
    const other = { ...before, set: { ...before.set, rows: 2000 } }
    expect(() => changesBetween(before, other, tolerance)).toThrow('rows is 2000; expected 1000')
    const denser = { ...before, parameters: { ...before.parameters, M: 32 } }
    expect(() => changesBetween(before, denser, tolerance)).toThrow('M is 32; expected 16')
  })
})

test('npm run bench -- --compare exits with 1 exactly when something became worse', async () => {
  const folder = temporaryFolder()
  const write = (name: string, results: BenchResults) => {
    writeFileSync(join(folder, name), JSON.stringify(results))
    return join(folder, name)
  }
  const old = write('old.json', before)
  const slower = write('slower.json', benchResults([peerResult('segvec', 700), peerResult('rival', 200)]))
  const program = resolve(import.meta.dirname, '../../bench/ann/compare.ts')
  const compare = (...args: string[]) => runNode(['--import', 'tsx', program, '--compare', ...args])
  expect(await compare(old, old)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('no regressions'),
  })
  expect(await compare(old, slower)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('WORSE segvec'),
  })
  expect(await compare(old, join(folder, 'missing.json'))).toMatchObject({ code: 2 })
})
