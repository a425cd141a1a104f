import { performance } from 'node:perf_hooks'
import type { WriteStream } from 'node:tty'
import { grouped, seconds } from './style.ts'

const barWidth = 28
const redrawMs = 80
/** Between two lines where nothing can be redrawn, such as in a log file. */
const lineMs = 5000

/** One long step on standard error: a bar in a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #label: string
  readonly #unit: string
  readonly #stream: WriteStream
  readonly #startMs = performance.now()
  #shownMs = Number.NEGATIVE_INFINITY

  constructor(label: string, unit: string, stream: WriteStream = process.stderr) {
    this.#label = label
    this.#unit = unit
    this.#stream = stream
    if (!stream.isTTY) this.#shownMs = this.#startMs
  }

  update(done: number, total: number): void {
    const now = performance.now()
    if (now - this.#shownMs < (this.#stream.isTTY ? redrawMs : lineMs)) return
    this.#shownMs = now
    const share = total === 0 ? 1 : done / total
    const rate = (done / Math.max(now - this.#startMs, 1)) * 1000
    const counts = `${grouped(done)} of ${grouped(total)} ${this.#unit}, ${grouped(rate)}/s`
    if (this.#stream.isTTY) {
      const filled = Math.round(share * barWidth)
      const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled)
      this.#redraw(`${this.#label.padEnd(12)} ${bar} ${(share * 100).toFixed(0).padStart(3)} %  ${counts}`)
    } else {
      this.#stream.write(`${this.#label}: ${counts}\n`)
    }
  }

  /** Ends the step with a line that stays; returns its milliseconds. */
  finish(summary: (elapsedMs: number) => string): number {
    const elapsedMs = performance.now() - this.#startMs
    const line = `${this.#label.padEnd(12)} ${summary(elapsedMs)} in ${seconds(elapsedMs)}`
    if (this.#stream.isTTY) this.#redraw(`${line}\n`)
    else this.#stream.write(`${line}\n`)
    return elapsedMs
  }

  #redraw(line: string): void {
    const isFinal = line.endsWith('\n')
    const shown = isFinal ? line : line.slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1))
    this.#stream.write(`\r\u001b[K${shown}`)
  }
}
