import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maxChunkLength } from '../../corpus/chunk.ts'
import { chunkMarkdown } from '../../corpus/chunk-markdown.ts'

const long = (word: string, length: number): string =>
  `${word} `.repeat(Math.ceil(length / (word.length + 1))).trim()

test('gives paragraphs with the path of the headings above them and their line', () => {
  const source = [
    `Before any heading there is a paragraph. ${long('intro', 120)}`,
    '',
    '# The Tool',
    '',
    `First paragraph of the tool. ${long('first', 120)}`,
    '',
    `Second paragraph of the tool. ${long('second', 120)}`,
    '',
    '## Options `--all`',
    '',
    'What the options are and what they mean.',
    '',
    '# Another part',
    'It follows at once, without an empty line.',
  ].join('\n')
  expect(
    chunkMarkdown(source, 'README.md').map(({ title, line, text }) => [title, line, text.split('.')[0]]),
  ).toEqual([
    ['README.md', 1, 'Before any heading there is a paragraph'],
    ['The Tool', 5, 'First paragraph of the tool'],
    ['The Tool', 7, 'Second paragraph of the tool'],
    ['The Tool › Options `--all`', 11, 'What the options are and what they mean'],
    ['Another part', 14, 'It follows at once, without an empty line'],
  ])
})

test('keeps code with the paragraph before it and a short lead-in with the paragraph after it', () => {
  const source =
    'For example:\n\n```js\nrun(1)\n```\n\nA paragraph after the code, which is another thought.\n'
  expect(chunkMarkdown(source, 'x').map(({ text }) => text)).toEqual([
    'For example:\n\nrun(1)\n\nA paragraph after the code, which is another thought.',
  ])
  const longer = `${long('explained', 200)}\n\n\`\`\`js\nrun(1)\n\`\`\`\n\nAnother thought, in a paragraph.\n`
  expect(chunkMarkdown(longer, 'x').map(({ text }) => text)).toEqual([
    `${long('explained', 200)}\n\nrun(1)`,
    'Another thought, in a paragraph.',
  ])
})

test('takes a long list apart and leaves a short one whole', () => {
  const items = (length: number): string =>
    ['alpha', 'beta', 'gamma'].map((word) => `- ${long(word, length)}`).join('\n')
  expect(chunkMarkdown(items(100), 'x')).toHaveLength(1)
  expect(chunkMarkdown(items(300), 'x').map(({ text, line }) => [text.slice(0, 7), line])).toEqual([
    ['- alpha', 1],
    ['- beta ', 2],
    ['- gamma', 3],
  ])
})

test('drops badges, comments and tags, and keeps the words of links and tables', () => {
  const source = [
    '[![build](https://x.test/badge.svg)](https://x.test)',
    '[![size][badge]][link]',
    '<!-- a remark -->',
    '',
    '<p align="center">A tag around words that stay, see the [manual of it](https://x.test/a_(b)).</p>',
    '',
    '| name | meaning |',
    '| ---- | ------- |',
    '| `k`  | how many neighbours to find |',
    '',
    '[badge]: https://x.test/badge.svg',
    '[link]: https://x.test',
  ].join('\n')
  const text = chunkMarkdown(source, 'x')
    .map((passage) => passage.text)
    .join('\n')
  expect(text).toContain('A tag around words that stay, see the manual of it.')
  expect(text).toMatch(/`k` +how many neighbours to find/)
  expect(text).not.toMatch(/https|badge|remark|<p|\||---/)
})

test('cuts what is longer than a chunk may be, without losing a word', () => {
  const source = `\`\`\`\n${Array.from({ length: 400 }, (_, at) => `line${at}();`).join('\n')}\n\`\`\`\n`
  const passages = chunkMarkdown(source, 'x')
  expect(passages.length).toBeGreaterThan(2)
  expect(Math.max(...passages.map(({ text }) => text.length))).toBeLessThanOrEqual(maxChunkLength)
  expect(
    passages
      .map(({ text }) => text)
      .join('\n')
      .match(/line\d+/g),
  ).toHaveLength(400)
})

test('never fails, and never gives a chunk that is too long or says nothing', () => {
  const fragment = fc.constantFrom(
    '# a\n',
    '\n\n',
    '- item ',
    '```\n',
    '| a | b |\n|--|--|\n',
    '[x](',
    '> ',
    '<b>',
    '*',
    'word ',
  )
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fragment, fc.string({ unit: 'grapheme' })), { maxLength: 60 }),
      (fragments) => {
        for (const { text, line } of chunkMarkdown(fragments.join(''), 'x')) {
          expect(text.length).toBeLessThanOrEqual(maxChunkLength)
          expect(text).toMatch(/(?:[^\p{L}\p{N}]*[\p{L}\p{N}]){12}/u)
          expect(line).toBeGreaterThan(0)
        }
      },
    ),
  )
})
