import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type TextCorpus, textCorpus } from '../../../corpus/text-corpus.ts'
import { codeSteps, type PageContent, type SectionName } from '../../../demo/page/page-data.ts'
import { writePage } from '../../../demo/report/write-page.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const hostile =
  'A paragraph with </script><img src=x onerror=alert(1)> and <!-- in `code`, $& and $1, \u2028 and 🦊.'

function corpusOf(folder: string): TextCorpus {
  return textCorpus({ packages: false, folders: [folder] })
}

async function writtenPage() {
  const folder = temporaryFolder('manual', {
    'a.md': `# Title </title><script>\n\n${hostile}\n`,
    'b.md': '# Second\n\nA paragraph about birds, long enough to be kept.\n',
    'c.md': '# Third\n\nA paragraph about fishes, long enough to be kept.\n',
  })
  const corpus = corpusOf(folder)
  const output = join(folder, 'page.html')
  const bytes = await writePage(output, {
    corpus,
    shown: [0, 1, 2],
    places: Float32Array.from([0, 0, 4, 2, -4, -2]),
    answers: [{ question: 'birds </script>', hits: [{ id: 1, distance: 0.25 }] }],
    figures: [['vectors', '3']],
  })
  return { corpus, bytes, page: readFileSync(output, 'utf8') }
}

function section(page: string, name: SectionName): Buffer {
  const [, packed] =
    new RegExp(`<script type="application/octet-stream" id="${name}">([A-Za-z0-9+/=]*)</script>`).exec(
      page,
    ) ?? []
  return inflateRawSync(Buffer.from(packed as string, 'base64'))
}

test('is one file that loads nothing and cannot be broken out of by a text', async () => {
  const { page, bytes } = await writtenPage()
  expect(bytes).toBe(Buffer.byteLength(page))
  expect(page).toContain(
    `content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"`,
  )
  expect(page).not.toMatch(/<!-- (?:style|data|script) -->|<link|<iframe|\ssrc=|@import|url\(/)
  expect(page.match(/<script\b/g)).toHaveLength(5)
  expect(page.match(/<\/script>/g)).toHaveLength(5)
  expect(page).not.toContain('onerror')
})

test('holds the chunks, their places, their vectors and the answers', async () => {
  const { page, corpus } = await writtenPage()
  const content = JSON.parse(section(page, 'content').toString('utf8')) as PageContent
  expect(content).toMatchObject({
    corpusSize: 3,
    dimension: 256,
    packages: ['manual'],
    files: ['manual/a.md', 'manual/b.md', 'manual/c.md'],
    figures: [['vectors', '3']],
    answers: [{ question: 'birds </script>', hits: [[1, 0.25]] }],
  })
  expect(content.points.text[0]).toBe(corpus.chunks[0]?.text)
  expect(content.points.line).toEqual([3, 3, 3])

  const codes = new Int8Array(section(page, 'codes'))
  codes.forEach((code, at) => {
    expect(Math.abs(code / codeSteps - (corpus.vectors[at] as number))).toBeLessThanOrEqual(
      0.5 / codeSteps + 1e-6,
    )
  })
  expect(Buffer.compare(section(page, 'idf'), Buffer.from(corpus.embedder.idf))).toBe(0)

  const places = section(page, 'places')
  const [x, y] = [0, 1].map((axis) =>
    [0, 1, 2].map((point) => places.readUInt16LE(point * 4 + axis * 2)),
  ) as [number[], number[]]
  expect(x).toEqual([32768, 65535, 0])
  expect(y).toEqual([32768, expect.closeTo(49151, -1), expect.closeTo(16384, -1)])
})
