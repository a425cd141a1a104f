import { type BatchHits, VectorIndex } from 'segvec'
import { expect, test } from 'vitest'
import { textCorpus } from '../../../corpus/text-corpus.ts'
import { ask, describeAnswer } from '../../../demo/answers.ts'
import { measure, recallOf } from '../../../demo/measure.ts'
import { readOptions } from '../../../demo/options.ts'
import { sampleQuestions } from '../../../demo/questions.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const batch = (rows: readonly (readonly number[])[]): BatchHits => ({
  k: 2,
  ids: new Float64Array(rows.length * 2),
  distances: Float32Array.from(
    rows.flatMap(([first = Number.POSITIVE_INFINITY, second = Number.POSITIVE_INFINITY]) => [first, second]),
  ),
  counts: Uint32Array.from(rows, (row) => row.length),
})

test('recall is the share of hits as near as the exact k-th, so that ties are no misses', () => {
  const exact = batch([
    [0.1, 0.2],
    [0.3, 0.3],
  ])
  expect(recallOf(exact, exact)).toBe(1)
  expect(
    recallOf(
      batch([
        [0.1, 0.25],
        [0.3, 0.3],
      ]),
      exact,
    ),
  ).toBe(0.75)
  expect(recallOf(batch([[0.1], [0.3, 0.4]]), exact)).toBe(0.5)
  expect(recallOf(batch([[], []]), batch([[], []]))).toBe(1)
})

test('answers a question with the texts found, copies folded, and without control characters', async () => {
  const folder = temporaryFolder('manual', {
    'a.md': '# Birds\n\nHow birds build a \u001b[31mnest in spring.\n',
    'b.md': '# Birds\n\nHow birds build a \u001b[31mnest in spring.\n',
    'c.md': '# Ships\n\nHow ships are painted in winter.\n',
  })
  const corpus = textCorpus({ packages: false, folders: [folder] })
  await using index = new VectorIndex({ dimension: corpus.dimension })
  await index.add(
    corpus.chunks.map(({ id }) => id),
    corpus.vectors,
  )
  const text = describeAnswer(await ask(index, corpus, 'nests of birds'), corpus.chunks)
  const lines = text.split('\n').map((line) => line.trim())
  expect(lines[0]).toBe('? nests of birds')
  expect(lines[1]).toMatch(/^Birds {2}0\.\d{3} {2}and 1 with the same text$/)
  expect(lines[2]).toBe('manual  manual/a.md:3')
  expect(lines[3]).toBe('How birds build a [31mnest in spring.')
  expect(lines[4]).toMatch(/^Ships/)

  expect(describeAnswer(await ask(index, corpus, '???'), corpus.chunks)).toContain(
    'nothing here has any of these words',
  )

  const [first, ...others] = await measure(index, [corpus.embed('birds'), corpus.embed('ships')], () => {})
  expect(first).toMatchObject({ ef: 64, recall: 1 })
  expect(first?.syncQueriesPerSecond).toBeGreaterThan(0)
  expect(others.map(({ ef }) => ef)).toEqual([128, 200])
})

test('questions to measure with are first sentences, at even distances', () => {
  const chunks = Array.from({ length: 100 }, (_, id) => ({
    id,
    text: `Sentence number ${id} of the manual. And another one.`,
    title: '',
    package: '',
    file: '',
    line: 1,
  }))
  const questions = sampleQuestions(chunks, 10)
  expect(questions).toHaveLength(10)
  expect(questions.slice(0, 2)).toEqual([
    'Sentence number 0 of the manual.',
    'Sentence number 10 of the manual.',
  ])
  expect(sampleQuestions(chunks.slice(0, 3), 10)).toHaveLength(3)
})

test('reads the command line, and says what is wrong with it', () => {
  const folder = temporaryFolder('manual', { 'questions.txt': 'first question\n\n second question \n' })
  expect(
    readOptions(['--folder', folder, '--limit', '50', '--questions', `${folder}/questions.txt`]),
  ).toEqual({
    folders: [folder],
    limit: 50,
    questions: ['first question', 'second question'],
    output: 'demo-report.html',
  })
  expect(readOptions(['--question', 'one', '--question', 'two'])).toMatchObject({ questions: ['one', 'two'] })
  expect(readOptions(['--help'])).toBe('help')
  expect(() => readOptions(['--limit', '1.5'])).toThrow(`--limit is '1.5'; expected a whole number above 0`)
  expect(() => readOptions(['--folder', `${folder}/missing`])).toThrow(/expected a folder/)
  expect(() => readOptions(['--unknown'])).toThrow(/--unknown/)
})
