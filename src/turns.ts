/** Lets operations that prepare at their own pace act in the order in which they began. */
export class Turns {
  #last = Promise.resolve()
  #openCount = 0

  /** Takes the next turn. Every turn must be ended, or those behind it wait for ever. */
  take(): Turn {
    const before = this.#openCount === 0 ? undefined : this.#last
    let isOpen = true
    let resolve: (() => void) | undefined
    const ended = new Promise<void>((settle) => {
      resolve = settle
    })
    this.#last = before === undefined ? ended : before.then(() => ended)
    this.#openCount += 1
    const end = () => {
      if (!isOpen) return
      isOpen = false
      this.#openCount -= 1
      resolve?.()
    }
    return { before, end }
  }
}

/** The place of one operation in the order. */
export interface Turn {
  /** Resolves once all earlier turns have ended; `undefined` if they have already. */
  readonly before: Promise<void> | undefined
  /** Lets the next one act; may be called again. */
  end(): void
}
