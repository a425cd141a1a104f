/** Where on the map the view is: `center` in map units (0 to 1), `scale` in pixels per map unit. */
export interface View {
  readonly x: number
  readonly y: number
  readonly scale: number
}

/** A rectangle of the map. */
export interface Extent {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

const wholeMap: Extent = { left: 0, top: 0, right: 1, bottom: 1 }
const margin = 28
const mostZoom = 250

/** Turns map coordinates into pixels and back. */
export class Camera {
  width = 1
  height = 1
  view: View = { x: 0.5, y: 0.5, scale: 1 }

  /** The view that shows all of `extent`, right of the leftmost `inset` pixels. */
  fit({ left, top, right, bottom }: Extent = wholeMap, inset = 0): View {
    const width = Math.max(right - left, 1e-6)
    const height = Math.max(bottom - top, 1e-6)
    const scale = Math.min((this.width - inset - 2 * margin) / width, (this.height - 2 * margin) / height)
    const view = this.#limited({ x: (left + right) / 2, y: (top + bottom) / 2, scale })
    return { ...view, x: view.x - inset / 2 / view.scale }
  }

  /** How many times larger than the whole map the view is. */
  get zoom(): number {
    return this.view.scale / this.#wholeScale
  }

  screenX(x: number): number {
    return (x - this.view.x) * this.view.scale + this.width / 2
  }

  screenY(y: number): number {
    return (y - this.view.y) * this.view.scale + this.height / 2
  }

  mapX(screenX: number): number {
    return (screenX - this.width / 2) / this.view.scale + this.view.x
  }

  mapY(screenY: number): number {
    return (screenY - this.height / 2) / this.view.scale + this.view.y
  }

  moveBy(pixelsX: number, pixelsY: number): void {
    const { x, y, scale } = this.view
    this.view = this.#limited({ x: x - pixelsX / scale, y: y - pixelsY / scale, scale })
  }

  /** Zooms by `factor`, leaving what is at the given pixel where it is. */
  zoomAt(factor: number, screenX: number, screenY: number): void {
    const [x, y] = [this.mapX(screenX), this.mapY(screenY)]
    const scale = this.#limited({ ...this.view, scale: this.view.scale * factor }).scale
    this.view = this.#limited({
      x: x - (screenX - this.width / 2) / scale,
      y: y - (screenY - this.height / 2) / scale,
      scale,
    })
  }

  get #wholeScale(): number {
    return Math.max(1, Math.min(this.width, this.height) - 2 * margin)
  }

  #limited({ x, y, scale }: View): View {
    const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value))
    return {
      x: clamp(x, 0, 1),
      y: clamp(y, 0, 1),
      scale: clamp(scale, this.#wholeScale * 0.6, this.#wholeScale * mostZoom),
    }
  }
}
