import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { adaptersNamed } from '../../bench/ann/adapters/registry.ts'
import { readBenchOptions } from '../../bench/ann/options.ts'
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
