import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { VectorIndex } from 'segvec'
import { describe, expect, test } from 'vitest'
import { runNode } from '../support/child.ts'
import { temporaryPath } from '../support/temporary-directory.ts'

const main = resolve(import.meta.dirname, '../../dist/cli/main.js')
const segvec = (...args: string[]) => runNode([main, ...args])

async function storedIndex(): Promise<string> {
  const path = temporaryPath()
  await using index = await VectorIndex.open(path, { dimension: 8, metric: 'l2' })
  await index.add(Float32Array.from({ length: 2000 * 8 }, (_, i) => Math.sin(i * 12.9898)))
  await index.commit()
  await index.remove([3, 4])
  await index.commit()
  writeFileSync(join(path, 'notes.txt'), 'mine')
  return path
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] as number) ^ 1
  writeFileSync(path, bytes)
}

test('segvec inspect shows generations, segments, options and files', async () => {
  const path = await storedIndex()
  const text = await segvec('inspect', path)
  expect(text).toMatchObject({ code: 0, stderr: '' })
  expect(text.stdout).toMatch(/dimension 8, metric l2, idType number/)
  expect(text.stdout).toMatch(/generation 3: 1,998 vectors in 1 segment, /)
  expect(text.stdout).toMatch(/generation 2: 2,000 vectors in 1 segment, /)
  expect(text.stdout).toMatch(/notes\.txt +foreign +4 bytes/)
  const { generations, files } = JSON.parse((await segvec('inspect', path, '--json')).stdout)
  expect(generations[0]).toMatchObject({
    generation: 3,
    vectorCount: 1998,
    options: { dimension: 8, metric: 'l2', M: 16 },
    segments: [{ number: 0, vectorCount: 1998, deadCount: 2, file: 'segment-0-2' }],
  })
  expect(files.map((file: { name: string }) => file.name)).toContain('tombstones-0-3')
})

test('segvec inspect says where changes are that it does not count', async () => {
  const path = temporaryPath()
  const index = await VectorIndex.open(path, { dimension: 8, durability: 'log' })
  await index.add(new Float32Array(8).fill(1))
  await index.close()
  expect((await segvec('inspect', path)).stdout).toMatch(
    /generation 1: 0 vectors in 0 segments, .*\n {2}what log-1-1 may hold of later changes is not counted\n/,
  )
  expect((await segvec('inspect', await storedIndex())).stdout).not.toContain('not counted')
})

describe('segvec verify', () => {
  test('exits with 0 when all is sound', async () => {
    const path = await storedIndex()
    const text = await segvec('verify', path)
    expect(text).toMatchObject({ code: 0, signal: null })
    expect(text.stdout).toMatch(/\nsound: 2 generations, 4 files, /)
    const report = JSON.parse((await segvec('verify', path, '--json', '--probes', '5')).stdout)
    expect(report).toMatchObject({ isSound: true, directory: path })
    const segment = report.files.find((file: { kind: string }) => file.kind === 'segment')
    expect(segment.check).toMatchObject({ slotCount: 2000, vectorCount: 1998, unreachableCount: 0 })
    expect(segment.check.probeCount).toBeGreaterThan(0)
  })

  test('exits with 1 and says where, when a file is damaged or missing', async () => {
    const path = await storedIndex()
    const file = join(path, 'segment-0-2')
    flip(file, 100_000)
    const text = await segvec('verify', path)
    expect(text).toMatchObject({ code: 1 })
    expect(text.stdout).toMatch(/segment-0-2, offset \d+, section '[a-z ]+': the checksum/)
    expect(text.stdout).toMatch(/\nDAMAGED: 1 fault\n$/)
    const end = await segvec('verify', path, '--json')
    expect(end.code).toBe(1)
    const report = JSON.parse(end.stdout)
    const damaged = report.files.find((found: { state: string }) => found.state === 'damaged')
    expect(damaged).toMatchObject({ name: 'segment-0-2', error: { code: 'CORRUPT', path: file } })
    expect(damaged.error.offset).toBeLessThanOrEqual(100_000)
    flip(file, 100_000)
    rmSync(join(path, 'tombstones-0-3'))
    expect(await segvec('verify', path)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/tombstones-0-3 +missing/),
    })
  })

  test('does not mind when nobody reads what it says of its progress', async () => {
    const child = spawn(process.execPath, [main, 'verify', await storedIndex(), '--json'])
    child.stderr.destroy()
    let stdout = ''
    child.stdout.on('data', (bytes) => {
      stdout += bytes
    })
    const [code] = await once(child, 'close')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ isSound: true })
  })

  // As on a full disk; only Linux has the file.
  test.skipIf(!existsSync('/dev/full'))(
    'exits with another code when its report could not be written',
    async () => {
      for (const command of ['verify', 'inspect']) {
        const full = openSync('/dev/full', 'w')
        const child = spawn(process.execPath, [main, command, await storedIndex(), '--json'], {
          stdio: ['ignore', full, 'pipe'],
        })
        let stderr = ''
        child.stderr?.on('data', (bytes) => {
          stderr += bytes
        })
        const [code] = await once(child, 'close')
        closeSync(full)
        expect(code).toBe(2)
        expect(stderr).toContain('could not be written')
      }
      // Its progress is missed by nobody.
      const full = openSync('/dev/full', 'w')
      const child = spawn(process.execPath, [main, 'verify', await storedIndex()], {
        stdio: ['ignore', 'ignore', full],
      })
      const [code] = await once(child, 'close')
      closeSync(full)
      expect(code).toBe(0)
    },
  )

  test.each([
    [['verify'], /expected the directory/],
    [['verify', 'a', 'b'], /got also 'b'/],
    [['verify', '.', '--probes', 'x'], /--probes is 'x'/],
    [['verify', '.', '--probes', ''], /--probes is ''/],
    [['verify', '/nothing/here'], /NOT_FOUND/],
    [['inspect'], /expected the directory/],
  ])('exits with 2 when there is nothing to check: %j', async (args, message) => {
    expect(await segvec(...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(message),
    })
  })
})
