import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { deflateRaw } from 'node:zlib'
import { build } from 'esbuild'
import { sectionNames } from '../page/page-data.ts'
import { type PageSource, pageSections } from './page-sections.ts'

const deflate = promisify(deflateRaw)
const pageFile = (name: string): string => fileURLToPath(new URL(`../page/${name}`, import.meta.url))

/**
 * Writes the map as one HTML file that needs nothing else: style, script and data are in it, and its content security policy
 * forbids it to load anything. Returns the number of bytes.
 */
export async function writePage(output: string, source: PageSource): Promise<number> {
  const [template, style, script, data] = await Promise.all([
    readFile(pageFile('template.html'), 'utf8'),
    readFile(pageFile('page.css'), 'utf8'),
    bundledScript(),
    dataElements(source),
  ])
  const parts = { style: `<style>\n${style}</style>`, data, script: `<script>${script}</script>` }
  const page = template.replace(/<!-- (style|data|script) -->/g, (_, part: keyof typeof parts) => parts[part])
  await writeFile(output, page)
  return Buffer.byteLength(page)
}

/** The page's modules as one script. What could end its element is only ever inside a string, where `\/` is `/`. */
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

async function dataElements(source: PageSource): Promise<string> {
  const sections = pageSections(source)
  const elements = sectionNames.map(async (name) => {
    const packed = await deflate(sections[name], { level: 9 })
    return `<script type="application/octet-stream" id="${name}">${packed.toString('base64')}</script>`
  })
  return (await Promise.all(elements)).join('\n')
}
