import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { BenchResults } from '../ann/results.ts'
import { runSection } from './sections.ts'

const pageFile = (name: string): string => fileURLToPath(new URL(`page/${name}`, import.meta.url))

/**
 * Writes results as one HTML file that needs nothing else: style, script, plotting library and raw results are in it, and
 * its content security policy forbids it to load anything.
 */
export async function writeReport(output: string, runs: readonly BenchResults[]): Promise<void> {
  const [template, style, script] = await Promise.all([
    readFile(pageFile('template.html'), 'utf8'),
    readFile(pageFile('page.css'), 'utf8'),
    bundledScript(),
  ])
  // `<` ends no element where it is written as an escape, which JSON allows in strings, the only place it occurs.
  const data = JSON.stringify(runs).replaceAll('<', '\\u003c')
  const parts = {
    style: `<style>\n${style}</style>`,
    sections: runs.map(runSection).join('\n'),
    data: `<script type="application/json" id="results">${data}</script>`,
    script: `<script>${script}</script>`,
  }
  const page = template.replace(
    /<!-- (style|sections|data|script) -->/g,
    (_, part: keyof typeof parts) => parts[part],
  )
  await mkdir(dirname(output), { recursive: true })
  await writeFile(output, page)
}

/** The page's modules and the plotting library as one script. What could end its element is only ever inside a string. */
async function bundledScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [pageFile('main.ts')],
    bundle: true,
    format: 'iife',
    minify: true,
    target: 'es2022',
    legalComments: 'none',
    write: false,
  })
  const [bundle] = outputFiles
  if (bundle === undefined) throw new Error('esbuild gave no output for the page')
  return bundle.text.replaceAll('</', '<\\/').replaceAll('<!--', '<\\!--')
}
