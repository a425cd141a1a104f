import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { selfContainedPage } from '../../web/self-contained-page.ts'
import type { BenchResults } from '../ann/results.ts'
import { runSection } from './sections.ts'

/**
 * Writes results as one HTML file that needs nothing else: style, script, plotting library and raw results are in it, and
 * its content security policy forbids it to load anything.
 */
export async function writeReport(output: string, runs: readonly BenchResults[]): Promise<void> {
  // `<` ends no element where it is written as an escape, which JSON allows in strings, the only place it occurs.
  const data = JSON.stringify(runs).replaceAll('<', '\\u003c')
  const page = await selfContainedPage(new URL('page/', import.meta.url), {
    sections: runs.map(runSection).join('\n'),
    data: `<script type="application/json" id="results">${data}</script>`,
  })
  await mkdir(dirname(output), { recursive: true })
  await writeFile(output, page)
}
