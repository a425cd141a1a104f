/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { create, element } from './elements.ts'
import { foldCopies } from './findings.ts'
import { showLegend } from './legend.ts'
import { loadPage, type PageData } from './load.ts'
import { MapView } from './map-view.ts'
import type { PageHit } from './neighbors.ts'
import type { PageContent } from './page-data.ts'
import { ResultList } from './results.ts'
import { Tooltip } from './tooltip.ts'

const hitCount = 10
/** Hits to look for so that enough remain once copies are folded. */
const scannedCount = 40
const typingPauseMs = 150

start().catch((error: unknown) => {
  element('summary').textContent =
    `This page could not be unpacked: ${error}. It needs a browser of 2023 or later.`
})

async function start(): Promise<void> {
  const data = await loadPage()
  const { content } = data
  const tooltip = new Tooltip(content)
  const map = new MapView(data.places, content.points.package, {
    hover: (point, x, y) => tooltip.show(point, x, y),
    pick: (point) => showNeighbors(point),
  })
  const results = new ResultList(content, {
    hover: (point) => {
      map.hovered = point
    },
    pick: (point) => showNeighbors(point),
  })

  const input = element('query', HTMLInputElement)

  const show = (title: string, note: string, hits: readonly PageHit[], anchor?: number): void => {
    const findings = foldCopies(hits, content.points, hitCount)
    results.show(title, note, findings)
    map.show(
      findings.map(({ point }) => point),
      anchor,
    )
    for (const button of element('questions').querySelectorAll('button')) {
      button.ariaPressed = String(button.textContent === title)
    }
  }
  const showNeighbors = (point: number): void => {
    const started = performance.now()
    const hits = data.neighbors.ofPoint(point, scannedCount)
    input.value = ''
    show(content.points.title[point] ?? '', `Nearest to this chunk. ${scanNote(data, started)}`, hits, point)
  }
  const showAnswer = (question: string): void => {
    const started = performance.now()
    const hits = data.neighbors.nearest(data.embedder.embed(question), scannedCount)
    show(question, scanNote(data, started), hits)
  }

  describe(content, data.pointCount)
  showLegend(content, (series, isShown) => map.toggle(series, isShown))
  element('questions').replaceChildren(
    ...content.answers.map(({ question, hits }) => {
      const button = create('button', 'question', question)
      button.type = 'button'
      button.addEventListener('click', () => {
        input.value = question
        const found = hits.map(([point, distance]) => ({ point, distance }))
        show(question, 'Found by the index.', found)
      })
      return button
    }),
  )

  let pause: ReturnType<typeof setTimeout> | undefined
  const answerTyped = (): void => {
    clearTimeout(pause)
    const question = input.value.trim()
    if (question.length > 1) showAnswer(question)
  }
  input.disabled = false
  input.addEventListener('input', () => {
    clearTimeout(pause)
    pause = setTimeout(answerTyped, typingPauseMs)
  })
  element('search').addEventListener('submit', (event) => {
    event.preventDefault()
    answerTyped()
  })
}

function scanNote({ pointCount }: PageData, started: number): string {
  const elapsedMs = Math.max(1, Math.round(performance.now() - started))
  return `${pointCount.toLocaleString('en-US')} points compared by this page in ${elapsedMs} ms.`
}

function describe({ corpusSize, packages, figures }: PageContent, pointCount: number): void {
  const count = (value: number): string => value.toLocaleString('en-US')
  element('summary').textContent =
    `${count(pointCount)} chunks of documentation from ${count(packages.length)} packages. Click a point or ask.`
  element('sampling').textContent =
    pointCount === corpusSize
      ? 'The map shows every chunk in the index.'
      : `The map shows a sample: ${count(pointCount)} of the ${count(corpusSize)} chunks in the index.`
  element('figures').replaceChildren(
    ...figures.flatMap(([name, value]) => [create('dt', '', name), create('dd', '', value)]),
  )
}
