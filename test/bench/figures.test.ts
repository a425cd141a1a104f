import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { svgFigures } from '../../bench/report/svg.ts'
import { benchResults, peerResult } from '../support/bench-results.ts'
import { runNode } from '../support/child.ts'

test('README.md and docs/figures are what the committed results say', async () => {
  const program = resolve(import.meta.dirname, '../../bench/ann/figures.ts')
  expect(await runNode(['--import', 'tsx', program, '--check'])).toMatchObject({ code: 0, stderr: '' })
})

describe('the figures as SVG', () => {
  const { underLoad = [] } = peerResult('segvec', 50)
  const rival = peerResult('<rival>', 50, { underLoad })
  const slow = benchResults([peerResult('segvec', 100), rival])
  const fast = benchResults([peerResult('segvec', 200), rival])

  test('depend on the results, and on nothing else', () => {
    expect([...svgFigures(slow)]).toEqual([...svgFigures(slow)])
    for (const [name, svg] of svgFigures(slow)) expect(svgFigures(fast).get(name)).not.toBe(svg)
  })

  test('stand alone, in light and dark', () => {
    for (const svg of svgFigures(slow).values()) {
      expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
      expect(svg).toMatch(/<style>svg\{color:var\(--ink\);--ground:.*@media\(prefers-color-scheme:dark\)/)
      expect(svg).toContain('&lt;rival')
      expect(svg).not.toMatch(/href=|url\(/)
    }
  })
})
