import { setImmediate as nextTick } from 'node:timers/promises'

const bytesPerTick = 4 * 1024 * 1024

/** Keeps a part of an operation's copying on the JS thread, its ids or its rows, to 4 MiB per tick of the event loop. */
export class Pacer {
  #bytes = 0

  /** Announces a copy: a promise to await first if this tick has had its share, else `undefined`. */
  pauseBefore(bytes: number): Promise<void> | undefined {
    const isFull = this.#bytes > 0 && this.#bytes + bytes > bytesPerTick
    this.#bytes = isFull ? bytes : this.#bytes + bytes
    return isFull ? nextTick() : undefined
  }
}
