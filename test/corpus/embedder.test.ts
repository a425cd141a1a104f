import { expect, test } from 'vitest'
import { type EmbeddedText, embeddingDimension, TextEmbedder } from '../../corpus/embedder.ts'
import { identifierWords, stem } from '../../corpus/words.ts'

const documents: EmbeddedText[] = [
  ['fs.readFile', 'Asynchronously reads the entire contents of a file.'],
  ['fs.unlink', 'Removes a file or symbolic link.'],
  ['zlib.gzip', 'Compresses a chunk of data.'],
  ['Array.sort', 'Sorts the elements of an array in place.'],
  ['Canvas.fillRect', 'Draws a filled rectangle.'],
  ['', 'Привет, мир: документация на русском языке.'],
  ['', '文档说明'],
].map(([title = '', text = '']) => ({ title, text, file: 'sample/file.md' }))

const embedAll = (embedder: TextEmbedder): Float32Array[] =>
  documents.map((document) => {
    const vector = new Float32Array(embeddingDimension)
    embedder.embedDocument(document, vector)
    return vector
  })

const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, at) => sum + value * (b[at] as number), 0)

function nearest(question: string): string | undefined {
  const embedder = TextEmbedder.fit(documents)
  const query = embedder.embed(question)
  const similarities = embedAll(embedder).map((vector) => dot(vector, query))
  return documents[similarities.indexOf(Math.max(...similarities))]?.text
}

test('every embedding has length 1', () => {
  const embedder = TextEmbedder.fit(documents)
  for (const vector of [...embedAll(embedder), embedder.embed('sorted elements')]) {
    expect(vector).toHaveLength(embeddingDimension)
    expect(dot(vector, vector)).toBeCloseTo(1, 6)
  }
})

test('a document of nothing but function words has length 1 too', () => {
  const silent = { title: 'it', text: 'and then it is what it is', file: 'the/of.md' }
  const vector = new Float32Array(embeddingDimension)
  TextEmbedder.fit([silent]).embedDocument(silent, vector)
  expect(dot(vector, vector)).toBeCloseTo(1, 6)
})

test('a word that every document has still counts', () => {
  const [document] = documents as [EmbeddedText]
  const query = TextEmbedder.fit([document]).embed('file')
  expect(dot(query, query)).toBeCloseTo(1, 6)
})

test('a question of unknown words only gives zeros', () => {
  const embedder = TextEmbedder.fit(documents)
  expect(embedder.embed('')).toEqual(new Float32Array(embeddingDimension))
  expect(embedder.embed('qqqq ??? !')).toEqual(new Float32Array(embeddingDimension))
})

test('the same documents give the same bytes, whatever was embedded before', () => {
  const first = TextEmbedder.fit(documents)
  const expected = embedAll(first)
  first.embed('something else in between')
  expect(embedAll(first)).toEqual(expected)
  expect(embedAll(TextEmbedder.fit(documents))).toEqual(expected)
})

test('an embedder made from the idf of another gives the same vectors', () => {
  const fitted = TextEmbedder.fit(documents)
  const copy = new TextEmbedder(Uint8Array.from(fitted.idf))
  expect(embedAll(copy)).toEqual(embedAll(fitted))
  expect(() => new TextEmbedder(new Uint8Array(3))).toThrow(/idf has 3 bytes; expected \d+/)
})

test.each([
  ['sorting', 'Sorts the elements of an array in place.'],
  ['read the content of files asynchronously', 'Asynchronously reads the entire contents of a file.'],
  ['fill rect', 'Draws a filled rectangle.'],
  ['compression', 'Compresses a chunk of data.'],
  ['compresing dta (misspelt)', 'Compresses a chunk of data.'],
  ['документации', 'Привет, мир: документация на русском языке.'],
  ['文档', '文档说明'],
])('%s finds: %s', (question, text) => {
  expect(nearest(question)).toBe(text)
})

test.each([
  ['readFileSync', ['read', 'file', 'sync']],
  ['XMLHttpRequest', ['xml', 'http', 'request']],
  ['O_RDONLY', ['o', 'rdonly']],
  ['utf8Encode', ['utf8', 'encode']],
  ['ÉcoleNormale', ['école', 'normale']],
  ["doesn't", ['doesn']],
  ['plain', ['plain']],
])('splits %s into %j', (identifier, words) => {
  expect(identifierWords(identifier)).toEqual(words)
})

test('stems English words and leaves others alone', () => {
  expect(['files', 'reading', 'asynchronously', 'naïve', 'utf8', 'io'].map(stem)).toEqual([
    'file',
    'read',
    'asynchron',
    'naïve',
    'utf8',
    'io',
  ])
})
