import { TextEmbedder } from '../../corpus/embedder.ts'
import { Neighbors } from './neighbors.ts'
import { type PageContent, placeSteps, type SectionName } from './page-data.ts'

/** Everything the page works with. */
export interface PageData {
  readonly content: PageContent
  readonly pointCount: number
  /** Two numbers from 0 to 1 for each point; y grows downwards. */
  readonly places: Float32Array
  readonly neighbors: Neighbors
  readonly embedder: TextEmbedder
}

/** Unpacks the data sections of the page. */
export async function loadPage(): Promise<PageData> {
  const [contentBytes, codes, places, idf] = await Promise.all([
    section('content'),
    section('codes'),
    section('places'),
    section('idf'),
  ])
  const content = JSON.parse(new TextDecoder().decode(contentBytes)) as PageContent
  return {
    content,
    pointCount: content.points.title.length,
    places: Float32Array.from(new Uint16Array(places), (step) => step / placeSteps),
    neighbors: new Neighbors(new Int8Array(codes), content.dimension),
    embedder: new TextEmbedder(new Uint8Array(idf)),
  }
}

/** The bytes of a section. Its element is removed: the text would only take up memory. */
async function section(name: SectionName): Promise<ArrayBuffer> {
  const element = document.getElementById(name)
  const packed = atob(element?.textContent ?? '')
  element?.remove()
  const bytes = new Uint8Array(packed.length)
  for (let at = 0; at < packed.length; at++) bytes[at] = packed.charCodeAt(at)
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  return new Response(unpacked).arrayBuffer()
}
