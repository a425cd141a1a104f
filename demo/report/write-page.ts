import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { deflateRaw } from 'node:zlib'
import { selfContainedPage } from '../../web/self-contained-page.ts'
import { sectionNames } from '../page/page-data.ts'
import { type PageSource, pageSections } from './page-sections.ts'

const deflate = promisify(deflateRaw)

/**
 * Writes the map as one HTML file that needs nothing else: style, script and data are in it, and its content security policy
 * forbids it to load anything. Returns the number of bytes.
 */
export async function writePage(output: string, source: PageSource): Promise<number> {
  const page = await selfContainedPage(new URL('../page/', import.meta.url), {
    data: await dataElements(source),
  })
  await writeFile(output, page)
  return Buffer.byteLength(page)
}

async function dataElements(source: PageSource): Promise<string> {
  const sections = pageSections(source)
  const elements = sectionNames.map(async (name) => {
    const packed = await deflate(sections[name], { level: 9 })
    return `<script type="application/octet-stream" id="${name}">${packed.toString('base64')}</script>`
  })
  return (await Promise.all(elements)).join('\n')
}
