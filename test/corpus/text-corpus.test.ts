import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { maxLineLength, textCorpus } from '../../corpus/text-corpus.ts'
import { temporaryFolder } from './temporary-folder.ts'

const nodeTypes = join(fileURLToPath(new URL('../..', import.meta.url)), 'node_modules/@types/node')
const read = (folder: string, limit?: number) =>
  textCorpus({ packages: false, folders: [folder], ...(limit === undefined ? {} : { limit }) })

const bytes = (floats: Float32Array): Buffer =>
  Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength)

const paragraph = (word: string): string => `A paragraph about ${word}, with enough words to be kept.`

test('numbers the chunks and gives a row of floats for each', () => {
  const folder = temporaryFolder('manual', {
    'b.md': `# Second\n\n${paragraph('birds')}\n`,
    'a.md': `# First\r\n\r\n${paragraph('ants')}\r\n`,
    'c.d.ts': '/** Counts them. */\nexport declare function count(): number;\n',
  })
  const { chunks, vectors, dimension, fileCount, embed } = read(folder)
  expect(chunks).toEqual([
    { id: 0, title: 'First', text: paragraph('ants'), package: 'manual', file: 'manual/a.md', line: 3 },
    { id: 1, title: 'Second', text: paragraph('birds'), package: 'manual', file: 'manual/b.md', line: 3 },
    {
      id: 2,
      title: 'count',
      text: 'Counts them.\n\nexport declare function count(): number;',
      package: 'manual',
      file: 'manual/c.d.ts',
      line: 2,
    },
  ])
  expect([fileCount, dimension, vectors.length]).toEqual([3, 256, 3 * 256])
  expect(embed('birds')).toHaveLength(256)
})

test('keeps exact duplicates and says how many there are', () => {
  const folder = temporaryFolder('manual', {
    'a.md': paragraph('ants'),
    'b.md': paragraph('ants'),
    'c.md': paragraph('bees'),
  })
  expect(read(folder)).toMatchObject({ duplicateCount: 1, chunks: { length: 3 } })
})

test('a limit takes chunks at even distances', () => {
  const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const folder = temporaryFolder(
    'manual',
    Object.fromEntries(letters.map((letter) => [`${letter}.md`, paragraph(letter)])),
  )
  expect(read(folder, 4).chunks.map(({ id, file }) => `${id} ${file}`)).toEqual([
    '0 manual/a.md',
    '1 manual/c.md',
    '2 manual/e.md',
    '3 manual/g.md',
  ])
  expect(read(folder, 100).chunks).toHaveLength(8)
})

test('reports progress up to the total', () => {
  const folder = temporaryFolder('manual', { 'a.md': paragraph('ants'), 'b.md': paragraph('bees') })
  const calls: number[][] = []
  textCorpus({ packages: false, folders: [folder], onProgress: (...call) => calls.push(call) })
  expect(calls.at(-1)).toEqual([2, 2])
})

test('skips minified files, and says so when nothing is left', () => {
  const folder = temporaryFolder('manual', {
    'a.d.ts': `export declare const a: '${'x'.repeat(maxLineLength)}';`,
  })
  expect(() => read(folder)).toThrow(/no documentation below .*manual/)
})

test('reads real declarations: the same bytes twice, and a question brings what it asks for', () => {
  const corpus = read(nodeTypes)
  expect(corpus.chunks.length).toBeGreaterThan(4000)
  expect(Buffer.compare(bytes(read(nodeTypes).vectors), bytes(corpus.vectors))).toBe(0)

  const best = (question: string, count: number): string[] => {
    const query = corpus.embed(question)
    const similarity = corpus.chunks.map(({ id }) => {
      let sum = 0
      for (let at = 0; at < corpus.dimension; at++) {
        sum += (query[at] as number) * (corpus.vectors[id * corpus.dimension + at] as number)
      }
      return sum
    })
    return corpus.chunks
      .toSorted((a, b) => (similarity[b.id] as number) - (similarity[a.id] as number))
      .slice(0, count)
      .map(({ title }) => title)
  }
  expect(best('open a file for reading asynchronously', 5)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^fs\.(promises\.)?(open|readFile|FileHandle\.read)/)]),
  )
  expect(best('compress data with gzip', 3)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^zlib\..*gzip/i)]),
  )
  expect(best('watch a directory for changes', 3)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^fs\.(promises\.)?watch/)]),
  )
})
