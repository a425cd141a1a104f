import type { Camera } from './camera.ts'
import { themeColor } from './colors.ts'

/** What stands out on the map. */
export interface Marks {
  /** Points that were found, nearest first. */
  readonly hits: readonly number[]
  /** The point they are neighbours of, if they are a point's. */
  readonly anchor: number | undefined
  readonly hovered: number | undefined
}

/** Draws what was found above the points: numbered discs, joined to where the search came from. */
export class MarkLayer {
  readonly #canvas: HTMLCanvasElement
  readonly #places: Float32Array
  readonly #camera: Camera

  constructor(canvas: HTMLCanvasElement, places: Float32Array, camera: Camera) {
    this.#canvas = canvas
    this.#places = places
    this.#camera = camera
  }

  draw({ hits, anchor, hovered }: Marks, pointRadius: number): void {
    const context = this.#canvas.getContext('2d')
    if (context === null) return
    const ratio = this.#canvas.width / this.#camera.width
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, this.#camera.width, this.#camera.height)
    const accent = themeColor('accent')

    const center = anchor ?? hits[0]
    if (center !== undefined) {
      context.strokeStyle = accent
      context.lineWidth = 1
      context.globalAlpha = 0.55
      context.beginPath()
      for (const hit of hits) {
        context.moveTo(...this.#at(center))
        context.lineTo(...this.#at(hit))
      }
      context.stroke()
      context.globalAlpha = 1
    }
    if (anchor !== undefined) this.#ring(context, anchor, pointRadius + 6, accent, 3)
    // The nearest last, so that it lies on top.
    for (let rank = hits.length - 1; rank >= 0; rank--)
      this.#disc(context, hits[rank] as number, rank + 1, accent)
    if (hovered !== undefined)
      this.#ring(context, hovered, hits.includes(hovered) ? 11 : pointRadius + 3, themeColor('ink'), 2)
  }

  #disc(context: CanvasRenderingContext2D, point: number, number: number, color: string): void {
    const [x, y] = this.#at(point)
    context.beginPath()
    context.arc(x, y, 8.5, 0, 2 * Math.PI)
    context.fillStyle = color
    context.fill()
    context.lineWidth = 1.5
    context.strokeStyle = themeColor('surface')
    context.stroke()
    context.fillStyle = themeColor('surface')
    context.font = '600 10px system-ui, sans-serif'
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.fillText(String(number), x, y + 0.5)
  }

  #ring(
    context: CanvasRenderingContext2D,
    point: number,
    radius: number,
    color: string,
    width: number,
  ): void {
    context.beginPath()
    context.arc(...this.#at(point), radius, 0, 2 * Math.PI)
    context.strokeStyle = color
    context.lineWidth = width
    context.stroke()
  }

  #at(point: number): [number, number] {
    return [
      this.#camera.screenX(this.#places[point * 2] as number),
      this.#camera.screenY(this.#places[point * 2 + 1] as number),
    ]
  }
}
