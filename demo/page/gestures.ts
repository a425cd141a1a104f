/** What the reader does on the map; positions are in CSS pixels from its top left. */
export interface Gestures {
  pan(x: number, y: number): void
  zoom(factor: number, x: number, y: number): void
  /** The pointer rests here, or has left (`undefined`). */
  point(x: number | undefined, y: number | undefined): void
  tap(x: number, y: number): void
}

/** A pointer that moved less than this between down and up has tapped. */
const tapSlack = 6
const keySteps: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [60, 0],
  ArrowRight: [-60, 0],
  ArrowUp: [0, 60],
  ArrowDown: [0, -60],
}

interface Finger {
  readonly x: number
  readonly y: number
}

/** Reports dragging, pinching, wheel, taps and keys on `target`. */
export function followGestures(target: HTMLElement, gestures: Gestures): void {
  const fingers = new Map<number, Finger>()
  let travelled = 0
  const position = (event: MouseEvent): Finger => ({ x: event.offsetX, y: event.offsetY })

  target.addEventListener('pointerdown', (event) => {
    target.setPointerCapture(event.pointerId)
    if (fingers.size === 0) travelled = 0
    fingers.set(event.pointerId, position(event))
  })

  target.addEventListener('pointermove', (event) => {
    const next = position(event)
    const last = fingers.get(event.pointerId)
    if (last === undefined) {
      if (event.pointerType === 'mouse') gestures.point(next.x, next.y)
      return
    }
    const before = [...fingers.values()]
    fingers.set(event.pointerId, next)
    const after = [...fingers.values()]
    travelled += Math.hypot(next.x - last.x, next.y - last.y)
    if (travelled < tapSlack) return
    target.classList.add('dragged')
    gestures.point(undefined, undefined)
    const [from, to] = [middle(before), middle(after)]
    gestures.pan(to.x - from.x, to.y - from.y)
    const factor = spread(after) / spread(before)
    if (Number.isFinite(factor) && factor > 0) gestures.zoom(factor, to.x, to.y)
  })

  const lift = (event: PointerEvent): void => {
    const wasDown = fingers.delete(event.pointerId)
    target.classList.remove('dragged')
    if (wasDown && fingers.size === 0 && travelled < tapSlack && event.type === 'pointerup') {
      const { x, y } = position(event)
      gestures.tap(x, y)
    }
  }
  target.addEventListener('pointerup', lift)
  target.addEventListener('pointercancel', lift)
  target.addEventListener('pointerleave', () => gestures.point(undefined, undefined))

  target.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault()
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 30 : event.deltaY
      const { x, y } = position(event)
      gestures.zoom(Math.exp(-Math.max(-200, Math.min(200, pixels)) / 300), x, y)
    },
    { passive: false },
  )

  target.addEventListener('keydown', (event) => {
    const step = keySteps[event.key]
    if (step !== undefined) gestures.pan(...step)
    else if (event.key === '+' || event.key === '=')
      gestures.zoom(1.4, target.clientWidth / 2, target.clientHeight / 2)
    else if (event.key === '-') gestures.zoom(1 / 1.4, target.clientWidth / 2, target.clientHeight / 2)
    else return
    event.preventDefault()
  })
}

function middle(fingers: readonly Finger[]): Finger {
  return {
    x: fingers.reduce((sum, { x }) => sum + x, 0) / fingers.length,
    y: fingers.reduce((sum, { y }) => sum + y, 0) / fingers.length,
  }
}

/** Distance between two fingers; NaN unless there are two. */
function spread([first, second]: readonly Finger[]): number {
  return first === undefined || second === undefined
    ? Number.NaN
    : Math.hypot(first.x - second.x, first.y - second.y)
}
