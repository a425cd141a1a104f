import { seriesColor } from './colors.ts'
import { create, dot, element } from './elements.ts'
import type { Finding } from './findings.ts'
import type { PageContent } from './page-data.ts'

export interface ResultEvents {
  hover(point: number | undefined): void
  pick(point: number): void
}

/** The list of what was found. */
export class ResultList {
  readonly #content: PageContent
  readonly #events: ResultEvents

  constructor(content: PageContent, events: ResultEvents) {
    this.#content = content
    this.#events = events
  }

  show(title: string, note: string, findings: readonly Finding[]): void {
    const heading = element('results-title')
    const remark = element('results-note')
    heading.textContent = title
    remark.textContent = findings.length === 0 ? 'Nothing here has any of these words.' : note
    heading.hidden = remark.hidden = false
    element('results').replaceChildren(
      ...findings.map((finding, at) => create('li', '', this.#entry(finding, at + 1))),
    )
  }

  #entry({ point, distance, copyCount }: Finding, rank: number): HTMLButtonElement {
    const { points, packages, files } = this.#content
    const packageNumber = points.package[point] ?? 0
    const copies = copyCount === 0 ? '' : ` · and ${copyCount} with the same text`
    const place = `${packages[packageNumber]} · ${shortFile(files[points.file[point] ?? 0] ?? '')}:${points.line[point]}${copies}`
    const entry = create(
      'button',
      'result',
      create('span', 'rank', String(rank)),
      create('span', 'title', points.title[point] ?? ''),
      create('span', 'distance', distance.toFixed(3)),
      create('span', 'place', dot(seriesColor(packageNumber)), create('span', '', place)),
      create('span', 'text', points.text[point] ?? ''),
    )
    entry.type = 'button'
    entry.title = 'Show the neighbours of this chunk'
    entry.addEventListener('pointerenter', () => this.#events.hover(point))
    entry.addEventListener('pointerleave', () => this.#events.hover(undefined))
    entry.addEventListener('click', () => this.#events.pick(point))
    return entry
  }
}

/** The path below the package, which is named beside it. */
function shortFile(file: string): string {
  return file.replace(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+\//, '')
}
