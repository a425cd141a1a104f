import type { WriteStream } from 'node:tty'

const barWidth = 28
const redrawMs = 80

/** The current step of a command on standard error: a bar in a terminal, one line per step elsewhere. */
export class ProgressBar {
  readonly #stream: WriteStream
  #label = ''
  #drawnMs = 0

  constructor(stream: WriteStream = process.stderr) {
    this.#stream = stream
  }

  step(label: string): void {
    this.#label = label
    this.#drawnMs = 0
    if (this.#stream.isTTY) this.update(0)
    else this.#stream.write(`${label}\n`)
  }

  /** @param share of the step that is done, 0 to 1. */
  update(share: number): void {
    const now = performance.now()
    if (!this.#stream.isTTY || now - this.#drawnMs < redrawMs) return
    this.#drawnMs = now
    const filled = Math.round(Math.min(1, Math.max(0, share)) * barWidth)
    const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled)
    const line = `${bar} ${(share * 100).toFixed(0).padStart(3)} %  ${this.#label}`
    this.#stream.write(`\r\u001b[K${line.slice(0, (this.#stream.columns || 80) - 1)}`)
  }

  /** Leaves the line to what is printed next. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[K')
  }
}
