import { join } from 'node:path'
import { VectorIndex } from 'segvec'
import { expect, onTestFinished, test } from 'vitest'
import { scratchFolder } from '../../bench/ann/adapters/scratch-folder.ts'
import { loadOnce } from '../../bench/ann/load-once.ts'
import { canEvict } from '../../bench/ann/page-cache.ts'
import { measurePersistence } from '../../bench/ann/persistence.ts'
import { saveOnce } from '../../bench/ann/save-once.ts'
import { writeQueries } from '../../bench/ann/set-files.ts'

function scratch(): string {
  const folder = scratchFolder()
  onTestFinished(() => folder.remove())
  return folder.path
}

const dimension = 4

async function madeIndex(rows: number): Promise<VectorIndex> {
  const index = new VectorIndex({ dimension, metric: 'l2' })
  onTestFinished(() => index.close())
  await index.add(Float32Array.from({ length: rows * dimension }, (_, i) => (i * 37) % 101))
  return index
}

function queriesFile(): string {
  const folder = scratch()
  writeQueries(folder, { metric: 'l2', dimension, queries: new Float32Array(dimension) })
  return folder
}

test('an index is saved once and loaded in every way, with the page cache warm and cold', async () => {
  const index = await madeIndex(50)
  let saves = 0
  const answer = await measurePersistence(
    (newFolder) => {
      saves++
      return saveOnce({ save: (folder) => index.save(folder) }, newFolder, ['memory', 'mapped'])
    },
    { adapter: 'segvec', setFolder: queriesFile() },
    5,
  )
  expect(saves).toBe(1)
  expect(answer?.saveSeconds).toBeGreaterThan(0)
  expect(answer?.diskBytes).toBeGreaterThan(50 * dimension)
  expect(answer?.loads.map(({ way, pageCache }) => `${way} ${pageCache}`)).toEqual([
    'memory warm',
    'mapped warm',
    ...(canEvict() ? ['memory cold', 'mapped cold'] : []),
  ])
  for (const { loadSeconds, firstAnswerSeconds, readSpeed } of answer?.loads ?? []) {
    expect(loadSeconds).toBeGreaterThan(0)
    expect(firstAnswerSeconds).toBeGreaterThan(loadSeconds)
    expect(readSpeed).toBeGreaterThan(0)
  }
}, 60_000)

test('an index that finds fewer rows than were asked for is an error, as is a way that the adapter does not know', async () => {
  const index = await madeIndex(3)
  const saved = (ways: string[]) => (newFolder: string) =>
    saveOnce({ save: (folder) => index.save(folder) }, newFolder, ways)
  const loading = { adapter: 'segvec', setFolder: queriesFile() }
  await expect(measurePersistence(saved(['memory']), loading, 5)).rejects.toThrow(
    'it found 3 rows instead of 5',
  )
  await expect(measurePersistence(saved(['elsewhere']), loading, 3)).rejects.toThrow(
    "the adapter knows no way to load called 'elsewhere'",
  )
}, 60_000)

test('a package that writes while it builds says where, and lets go of its files before they are loaded', async () => {
  const index = await madeIndex(20)
  const folder = join(scratch(), 'index')
  await index.save(folder)
  let isReleased = false
  const persistence = {
    folder,
    release: () => {
      isReleased = true
    },
  }
  const saved = await saveOnce(persistence, join(scratch(), 'unused'), ['memory'])
  expect(saved).toEqual({ folder, ways: ['memory'] })
  expect(isReleased).toBe(true)
  const loaded: string[] = []
  const loader = (path: string) => {
    loaded.push(path)
    return { search: () => [1, 2], close: () => {} }
  }
  await loadOnce(loader, folder, 'warm', 2)
  expect(loaded).toEqual([folder])
  await expect(saveOnce({}, folder, [])).rejects.toThrow('neither how to save nor where the index is')
})
