import type { NativeIndex } from './native/addon.ts'

/** What a program starts with is over then: on few cores, placing a million ids beside it doubles the time to the first answer. */
const delayMs = 1000

/**
 * Has the ids of a reader put in place in the background, some time after it was opened. A lookup that comes sooner does it
 * itself, and waits for it.
 */
export class IdRestoration {
  readonly #native: NativeIndex
  #timer: NodeJS.Timeout | undefined

  constructor(native: NativeIndex) {
    this.#native = native
  }

  beginLater(): void {
    this.stop()
    this.#timer = setTimeout(() => this.#native.restoreIds(), delayMs)
    this.#timer.unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
