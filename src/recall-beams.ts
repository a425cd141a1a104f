import type { AbortWatch } from './abort.ts'
import type { NativeAddon, NativeCancelToken, NativeIndex } from './native/addon.ts'

/** Finds the beam for a recall, and sees to it that the index is calibrated before it or in the background. */
export class RecallBeams {
  readonly #addon: NativeAddon
  readonly #native: NativeIndex
  #isInUse = false
  #isClosed = false
  #background: NativeCancelToken | undefined
  #awaited: { readonly done: Promise<void>; readonly token: NativeCancelToken } | undefined
  #waitingCount = 0

  constructor(addon: NativeAddon, native: NativeIndex) {
    this.#addon = addon
    this.#native = native
  }

  /** Whether a search that asks for a recall has to wait. */
  get isMissing(): boolean {
    return this.#native.calibrationState === 'missing'
  }

  /** The `ef` for a recall@k, after the index has been calibrated if it has to be. */
  async efFor(k: number, recall: number, abort: AbortWatch): Promise<number> {
    if (this.isMissing) await this.#calibrate(abort)
    return this.efAtOnce(k, recall)
  }

  /** The same without waiting: a cautious one where the index has not been calibrated. */
  efAtOnce(k: number, recall: number): number {
    this.#isInUse = true
    this.refresh()
    return this.#native.efFor(k, recall)
  }

  /** Calibrates the index; all who wait meanwhile wait for the same calibration. */
  async #calibrate(abort: AbortWatch): Promise<void> {
    this.#background?.cancel()
    this.#awaited ??= this.#begin()
    const { done, token } = this.#awaited
    this.#waitingCount += 1
    try {
      await abort.race(done)
    } catch (error) {
      throw abort.fromNative(error)
    } finally {
      this.#waitingCount -= 1
      if (this.#waitingCount === 0) {
        token.cancel()
        this.#awaited = undefined
      }
    }
  }

  #begin() {
    const token = new this.#addon.CancelToken()
    const done = this.#native.calibrate(token, false)
    done.catch(() => {}) // who waits hears of it; who has been aborted does not wait
    return { done, token }
  }

  /** Calibrates an index whose searches ask for a recall anew, in the background, if it has changed enough. */
  refresh(): void {
    const isBusy = this.#background !== undefined || this.#awaited !== undefined
    if (!this.#isInUse || this.#isClosed || isBusy || this.#native.calibrationState === 'fresh') return
    const token = new this.#addon.CancelToken()
    const ended = () => {
      this.#background = undefined
    }
    this.#background = token
    // Nobody waits for it: if it fails, a search that needs it tries again, and hears of the failure.
    this.#calibrateBehind(token).then(ended, ended)
  }

  async #calibrateBehind(token: NativeCancelToken): Promise<void> {
    await this.#native.calibrate(token, true)
  }

  /** Ends what runs in the background, and begins nothing there any more. */
  close(): void {
    this.#isClosed = true
    this.#background?.cancel()
  }
}
