/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Draws every figure of the page as wide as it is shown, and again when that changes. */
import type { BenchResults } from '../../ann/results.ts'
import {
  batchBars,
  batchGrid,
  buildBars,
  type Canvas,
  colorOf,
  delayBars,
  type Figure,
  firstAnswerBars,
  latencyBars,
  memoryBars,
  recallCurves,
  speedUp,
  underLoadBars,
} from '../plots.ts'

type Draw = (results: BenchResults, canvas: Canvas) => Figure | undefined

/** By the `data-figure` of the element that a figure is drawn into. */
const figures: Readonly<Record<string, Draw>> = {
  recall: recallCurves,
  build: buildBars,
  memory: memoryBars,
  latency: latencyBars,
  batch: batchBars,
  delay: delayBars,
  underLoad: underLoadBars,
  firstAnswer: firstAnswerBars,
  speedUp: ({ parallel }, canvas) => parallel && speedUp(parallel, canvas),
  grid: ({ parallel }, canvas) => parallel && batchGrid(parallel, canvas),
}

const data = document.querySelector('#results')?.textContent
const runs = JSON.parse(data ?? '[]') as BenchResults[]

for (const [i, results] of runs.entries()) {
  const section = document.querySelector<HTMLElement>(`[data-run="${i}"]`)
  if (section !== null) showRun(section, results)
}

function showRun(section: HTMLElement, results: BenchResults): void {
  const hidden = new Set<string>()
  const places = [...section.querySelectorAll<HTMLElement>('[data-figure]')]
  const drawInto = (place: HTMLElement) => {
    const draw = figures[place.dataset['figure'] ?? '']
    const figure = draw?.(results, { width: Math.max(200, place.clientWidth), hidden })
    place.replaceChildren(...(figure === undefined ? [] : [figure]))
  }
  for (const place of places) {
    let width = 0
    new ResizeObserver(() => {
      if (place.clientWidth === width) return
      width = place.clientWidth
      drawInto(place)
    }).observe(place)
  }
  const legend = section.querySelector('.legend')
  for (const { name } of results.peers.filter(({ sweeps }) =>
    sweeps.some(({ rounds }) => rounds[0]?.length),
  )) {
    const button = document.createElement('button')
    const mark = document.createElement('i')
    mark.style.background = colorOf(results, name)
    button.type = 'button'
    button.setAttribute('aria-pressed', 'true')
    button.append(mark, name)
    button.addEventListener('click', () => {
      if (!hidden.delete(name)) hidden.add(name)
      button.setAttribute('aria-pressed', String(!hidden.has(name)))
      for (const place of places) if (place.dataset['figure'] === 'recall') drawInto(place)
    })
    legend?.append(button)
  }
  const link = section.querySelector<HTMLAnchorElement>('a[download]')
  if (link !== null) {
    link.href = URL.createObjectURL(
      new Blob([JSON.stringify(results, null, 1)], { type: 'application/json' }),
    )
  }
}
