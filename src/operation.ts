import type { AbortWatch } from './abort.ts'
import type { InFlight } from './in-flight.ts'
import type { NativeCancelToken } from './native/addon.ts'
import type { AnyReports } from './progress.ts'
import type { Turn, Turns } from './turns.ts'

/**
 * One call that changes the index or stores it: it acts in the order of the calls, can be aborted, may report how far it has
 * come, and is waited for by `close`. From the constructor on it must be ended, whatever becomes of it.
 */
export class Operation {
  readonly #abort: AbortWatch
  readonly #token: NativeCancelToken | undefined
  readonly #reports: AnyReports | undefined
  readonly #reportFailed: Promise<void>
  readonly #turn: Turn
  readonly #inFlight: InFlight
  #isReleased = false

  /**
   * @param reports Makes the reports, given what cancels the operation.
   * @param token Needed where there is a signal or a report, as either can end the operation.
   */
  constructor(
    abort: AbortWatch,
    token: NativeCancelToken | undefined,
    reports: ((cancel: () => void) => AnyReports) | undefined,
    turns: Turns,
    inFlight: InFlight,
  ) {
    this.#abort = abort
    this.#token = token
    let fail = () => {}
    this.#reportFailed = new Promise((resolve) => {
      fail = resolve
    })
    this.#reports = reports?.(() => {
      token?.cancel()
      fail()
    })
    this.#turn = turns.take()
    this.#inFlight = inFlight
    inFlight.begin()
  }

  /** Throws what has ended the operation meanwhile: the signal, or a report that threw. */
  assertGoingOn(): void {
    this.#abort.throwIfAborted()
    this.#reports?.throwFailure()
  }

  /**
   * Has `start` hand the work over when it is this operation's turn (at once, if nothing is before it), and lets the next
   * one act.
   *
   * @param alsoBefore Asked when it is the operation's turn: something else to wait for.
   */
  async act<Result>(
    start: (token: NativeCancelToken | undefined) => Promise<Result>,
    alsoBefore?: () => Promise<void> | undefined,
  ): Promise<Result> {
    if (this.#turn.before !== undefined) await this.#waitFor(this.#turn.before)
    const also = alsoBefore?.()
    if (also !== undefined) await this.#waitFor(also)
    this.assertGoingOn()
    this.#abort.onAbort(() => this.#token?.cancel())
    try {
      const working = start(this.#token)
      this.#turn.end()
      return await working
    } catch (error) {
      this.#reports?.throwFailure()
      throw this.#abort.fromNative(error)
    }
  }

  /** Waits no longer than until something ends the operation, and throws that. */
  async #waitFor(other: Promise<void>): Promise<void> {
    await this.#abort.race(Promise.race([other, this.#reportFailed]))
    this.assertGoingOn()
  }

  /** Makes the last report; what the callback throws is thrown on. */
  async finish(): Promise<void> {
    const reported = this.#reports?.finish()
    if (reported === undefined) return
    this.#release() // what an async callback waits for may be the next call, or close()
    await reported
  }

  end(): void {
    this.#reports?.stop()
    this.#abort.dispose()
    this.#release()
  }

  #release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#turn.end()
    this.#inFlight.end()
  }
}
