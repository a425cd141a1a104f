/** A small seeded generator: xorshift32 (Marsaglia, "Xorshift RNGs", 2003). The same numbers on every run. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) | 1
  }

  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number {
    return Math.floor((this.#next() / 0x1_0000_0000) * bound)
  }

  /** A number from -1 to 1. */
  signed(): number {
    return (this.#next() / 0x1_0000_0000) * 2 - 1
  }

  #next(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return state >>> 0
  }
}
