import { seriesColor } from './colors.ts'
import { create, dot, element } from './elements.ts'
import type { PageContent } from './page-data.ts'

const gap = 14

/** Shows what the point under the pointer is. */
export class Tooltip {
  readonly #content: PageContent
  readonly #box = element('tooltip')
  #shown: number | undefined

  constructor(content: PageContent) {
    this.#content = content
  }

  /** Shows `point` beside a position on the map, or nothing. */
  show(point: number | undefined, x: number, y: number): void {
    this.#box.hidden = point === undefined
    if (point === undefined) return
    if (point !== this.#shown) this.#fill(point)
    const { clientWidth, clientHeight } = element('map')
    const { offsetWidth, offsetHeight } = this.#box
    const left = x + gap + offsetWidth > clientWidth ? x - gap - offsetWidth : x + gap
    const top = y + gap + offsetHeight > clientHeight ? y - gap - offsetHeight : y + gap
    this.#box.style.left = `${Math.max(4, left)}px`
    this.#box.style.top = `${Math.max(4, top)}px`
  }

  #fill(point: number): void {
    this.#shown = point
    const { points, packages } = this.#content
    const packageNumber = points.package[point] ?? 0
    this.#box.replaceChildren(
      create('div', 'title', points.title[point] ?? ''),
      create('div', 'place', dot(seriesColor(packageNumber)), packages[packageNumber] ?? ''),
      create('div', 'text', points.text[point] ?? ''),
    )
  }
}
