import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ParallelBuild } from '../../bench/ann/parallel.ts'
import { writeReport } from '../../bench/report/write-report.ts'
import { benchResults, peerResult } from '../support/bench-results.ts'
import { BrowserPage, findBrowser } from '../support/browser.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const builds = (threads: number, batchRows: number): ParallelBuild => ({
  threads,
  batchRows,
  seconds: 1 / threads,
  cpuSeconds: 1,
  vectorsPerSecond: 1000 * threads,
  copySeconds: 0.1,
})
const withCompact = (threads: number): ParallelBuild => ({
  ...builds(threads, 1000),
  compact: { seconds: 0.2, cpuSeconds: 0.4 },
})
const failed = {
  builds: [],
  sweeps: [],
  threadCounts: [],
  failure: 'cannot find its binding <"missing"> </script>',
}
const results = benchResults(
  [
    peerResult('segvec', 9000),
    peerResult('segvec none', 5000),
    peerResult('hnswlib-node', 1000, { batches: [] }),
    peerResult('@lancedb/lancedb', 100),
    peerResult('a rival that is missing', 1, failed),
  ],
  {
    parallel: {
      cores: 4,
      rows: 1000,
      scaling: [1, 2, 4, 8].map((threads) => builds(threads, 1000)),
      segments: [2, 4, 8].map(withCompact),
      encode: { rows: 1000, fitSeconds: 0.01, encodeSeconds: 0.03 },
      grid: [1, 2].flatMap((threads) => [64, 512].map((batch) => builds(threads, batch))),
    },
  },
)
const path = join(temporaryFolder(), 'report.html')
const figureNames = [
  'recall',
  'build',
  'memory',
  'latency',
  'batch',
  'delay',
  'underLoad',
  'firstAnswer',
  'speedUp',
  'grid',
]

beforeAll(() => writeReport(path, [results, benchResults([peerResult('segvec', 1)])]))

test('the report is one file that names every peer, setting and failure, and loads nothing', () => {
  const html = readFileSync(path, 'utf8')
  expect(html).toContain('cannot find its binding &#60;&#34;missing&#34;&#62;')
  expect(html).toContain('8 (more than cores)')
  expect(html).toContain('notes on hnswlib-node')
  expect(html).toContain('a made-up CPU, 2 cores, 16 GiB')
  expect(html).toContain('hnswlib-node, @lancedb/lancedb: an add holds the event loop')
  expect(html).toContain('at 4,500 MB/s with the page cache warm and 1,000 MB/s with it cold')
  expect(html).toContain("default-src 'none'")
  expect(html).not.toMatch(/<(?:link|img|iframe)\b|\ssrc=|@import/)
  const [, data] = /id="results">(.*?)<\/script>/s.exec(html) ?? []
  expect(JSON.parse(data as string)[0]).toEqual(results)
})

const browser = findBrowser()
const suite =
  browser === undefined ? 'the report in a browser (skipped: no browser)' : 'the report in a browser'

describe.skipIf(browser === undefined)(suite, () => {
  let page: BrowserPage
  beforeAll(async () => {
    page = await BrowserPage.open(browser as string)
  }, 60_000)
  afterAll(() => page?.close())

  const grounds: string[] = []

  test.each([
    { width: 1280, height: 900, scheme: 'light' as const },
    { width: 390, height: 844, scheme: 'dark' as const },
  ])('draws every figure within a screen $width wide, $scheme', async (screen) => {
    await page.show(pathToFileURL(path).href, screen)
    const drawn = await page.evaluate<{ name: string; right: number; marks: number }[]>(
      `[...document.querySelectorAll('[data-run="0"] [data-figure]')].map((place) => ({
        name: place.dataset.figure,
        right: Math.max(...[...place.querySelectorAll('svg, svg text')].map((part) => part.getBoundingClientRect().right)),
        marks: place.querySelectorAll('path, rect, circle').length,
      }))`,
    )
    expect(drawn.map(({ name }) => name)).toEqual(figureNames)
    for (const { right, marks } of drawn) {
      expect(marks).toBeGreaterThan(3)
      expect(right).toBeLessThanOrEqual(screen.width)
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(screen.width)
    grounds.push(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor'))
    expect(page.problems).toEqual([])
  })

  test('is dark where the reader wants it dark', () => {
    expect(new Set(grounds).size).toBe(2)
  })

  test('hides a peer, and hands the raw results over', async () => {
    const curves = `document.querySelectorAll('[data-run="0"] [data-figure="recall"] [aria-label="line"] path').length`
    expect(await page.evaluate(curves)).toBe(4)
    await page.evaluate(`document.querySelector('[data-run="0"] .legend button').click()`)
    expect(await page.evaluate(curves)).toBe(3)
    expect(await page.evaluate(`document.querySelector('a[download]').href`)).toMatch(/^blob:/)
  })
})
