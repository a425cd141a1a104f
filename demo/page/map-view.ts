import { Camera, type View } from './camera.ts'
import { onThemeChange } from './colors.ts'
import { element } from './elements.ts'
import { followGestures } from './gestures.ts'
import { MarkLayer, type Marks } from './mark-layer.ts'
import { PointGrid } from './point-grid.ts'
import { PointLayer } from './point-layer.ts'

const flightMs = 450
/** How far from a point the pointer may be to touch it, in pixels. */
const reach = 10

export interface MapEvents {
  /** The pointer came to a point, or left it (`undefined`). */
  hover(point: number | undefined, x: number, y: number): void
  pick(point: number): void
}

/** The map: points, marks, and what the pointer and the keys do to them. */
export class MapView {
  readonly #camera = new Camera()
  readonly #points: PointLayer
  readonly #marks: MarkLayer
  readonly #grid: PointGrid
  readonly #places: Float32Array
  readonly #hidden = new Set<number>()
  readonly #pointCanvas = element('points', HTMLCanvasElement)
  readonly #markCanvas = element('marks', HTMLCanvasElement)
  #marked: Marks = { hits: [], anchor: undefined, hovered: undefined }
  #frame: number | undefined
  #flight: number | undefined

  constructor(places: Float32Array, packages: readonly number[], events: MapEvents) {
    this.#places = places
    this.#points = new PointLayer(this.#pointCanvas, places, packages, this.#camera)
    this.#marks = new MarkLayer(this.#markCanvas, places, this.#camera)
    this.#grid = new PointGrid(places)
    new ResizeObserver(() => this.#resize()).observe(element('map'))
    onThemeChange(() => this.#redraw())
    this.#resize()
    this.#camera.view = this.#camera.fit()

    followGestures(this.#markCanvas, {
      pan: (x, y) => this.#move(() => this.#camera.moveBy(x, y)),
      zoom: (factor, x, y) => this.#move(() => this.#camera.zoomAt(factor, x, y)),
      point: (x, y) => {
        const hovered = x === undefined || y === undefined ? undefined : this.#pointAt(x, y)
        this.#markCanvas.classList.toggle('over-point', hovered !== undefined)
        this.hovered = hovered
        events.hover(hovered, x ?? 0, y ?? 0)
      },
      tap: (x, y) => {
        const point = this.#pointAt(x, y)
        if (point !== undefined) events.pick(point)
      },
    })
    const onClick = (id: string, action: () => void): void => element(id).addEventListener('click', action)
    onClick('zoom-in', () =>
      this.#move(() => this.#camera.zoomAt(1.6, this.#camera.width / 2, this.#camera.height / 2)),
    )
    onClick('zoom-out', () =>
      this.#move(() => this.#camera.zoomAt(1 / 1.6, this.#camera.width / 2, this.#camera.height / 2)),
    )
    onClick('zoom-all', () => this.#flyTo(this.#camera.fit()))
    onClick('zoom-hits', () => this.#flyTo(this.#viewOfHits()))
  }

  /** Marks what was found; moves to the whole map if some of it is out of sight. */
  show(hits: readonly number[], anchor: number | undefined): void {
    this.#marked = { hits, anchor, hovered: undefined }
    const isOutside = (point: number): boolean => {
      const x = this.#camera.screenX(this.#places[point * 2] as number)
      const y = this.#camera.screenY(this.#places[point * 2 + 1] as number)
      return x < 0 || y < 0 || x > this.#camera.width || y > this.#camera.height
    }
    if (hits.some(isOutside)) this.#flyTo(this.#camera.fit())
    this.#redraw()
  }

  set hovered(point: number | undefined) {
    if (point === this.#marked.hovered) return
    this.#marked = { ...this.#marked, hovered: point }
    this.#marks.draw(this.#marked, this.#points.radius)
  }

  /** Shows or hides a series of points. */
  toggle(series: number, isShown: boolean): void {
    if (isShown) this.#hidden.delete(series)
    else this.#hidden.add(series)
    this.#redraw()
  }

  #pointAt(x: number, y: number): number | undefined {
    const radius = reach / this.#camera.view.scale
    return this.#grid.nearest(this.#camera.mapX(x), this.#camera.mapY(y), radius, (point) =>
      this.#points.isShown(point, this.#hidden),
    )
  }

  #viewOfHits(): View {
    const { hits, anchor } = this.#marked
    const points = anchor === undefined ? hits : [anchor, ...hits]
    if (points.length === 0) return this.#camera.fit()
    const xs = points.map((point) => this.#places[point * 2] as number)
    const ys = points.map((point) => this.#places[point * 2 + 1] as number)
    const extent = {
      left: Math.min(...xs),
      right: Math.max(...xs),
      top: Math.min(...ys),
      bottom: Math.max(...ys),
    }
    // On a wide map the legend stands at the left and would hide some of the hits.
    const legendWidth = element('legend').offsetWidth
    return this.#camera.fit(extent, legendWidth < this.#camera.width / 2 ? legendWidth : 0)
  }

  #move(change: () => void): void {
    if (this.#flight !== undefined) cancelAnimationFrame(this.#flight)
    change()
    this.#redraw()
  }

  #flyTo(target: View): void {
    const start = this.#camera.view
    const startMs = performance.now()
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
    const step = (): void => {
      const share = isStill ? 1 : Math.min(1, (performance.now() - startMs) / flightMs)
      const eased = share * share * (3 - 2 * share)
      const between = (from: number, to: number): number => from + (to - from) * eased
      this.#move(() => {
        this.#camera.view = {
          x: between(start.x, target.x),
          y: between(start.y, target.y),
          scale: start.scale * (target.scale / start.scale) ** eased,
        }
      })
      if (share < 1) this.#flight = requestAnimationFrame(step)
    }
    step()
  }

  #resize(): void {
    const { clientWidth, clientHeight } = element('map')
    const isWhole = Math.abs(this.#camera.zoom - 1) < 0.01
    this.#camera.width = Math.max(clientWidth, 1)
    this.#camera.height = Math.max(clientHeight, 1)
    for (const canvas of [this.#pointCanvas, this.#markCanvas]) {
      canvas.width = Math.round(this.#camera.width * devicePixelRatio)
      canvas.height = Math.round(this.#camera.height * devicePixelRatio)
    }
    if (isWhole) this.#camera.view = this.#camera.fit()
    this.#redraw()
  }

  #redraw(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined
      this.#points.draw(this.#hidden, this.#marked.hits.length > 0)
      this.#marks.draw(this.#marked, this.#points.radius)
    })
  }
}
