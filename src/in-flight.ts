/** Counts operations that need the index for more than one native call, so that `close` can wait for them. */
export class InFlight {
  #count = 0
  #idleListeners: (() => void)[] = []

  begin(): void {
    this.#count += 1
  }

  end(): void {
    this.#count -= 1
    if (this.#count > 0) return
    const listeners = this.#idleListeners
    this.#idleListeners = []
    for (const listener of listeners) listener()
  }

  /** Resolves once every operation begun so far, or begun meanwhile, has ended. */
  async idle(): Promise<void> {
    if (this.#count === 0) return
    await new Promise<void>((resolve) => this.#idleListeners.push(resolve))
  }
}
