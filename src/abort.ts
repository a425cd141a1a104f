import { types } from 'node:util'
import { describe } from './describe.ts'
import { fromNative, SegvecError } from './errors.ts'
import type { NativeAddon, NativeCancelToken } from './native/addon.ts'

// A signal's own, whatever somebody has put over them.
const readAborted = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')?.get as () => boolean
const readReason = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'reason')?.get as () => unknown
const { addEventListener, removeEventListener } = EventTarget.prototype

/** Checks the `signal` option. @throws {SegvecError} `INVALID_ARGUMENT` unless it is an `AbortSignal` or left out. */
export function signalOption(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined
  try {
    // Unlike `instanceof`, these throw for what cannot be listened to, but for a proxy, which may become such a thing later.
    if (!types.isProxy(value)) {
      readAborted.call(value)
      addEventListener.call(value as AbortSignal, 'abort', ignore)
      removeEventListener.call(value as AbortSignal, 'abort', ignore)
      return value as AbortSignal
    }
  } catch {}
  throw new SegvecError('INVALID_ARGUMENT', `signal is ${describe(value)}; expected an AbortSignal`)
}

function ignore(): void {}

/** Watches one operation's signal, if it has one, from the start of the operation to `dispose()`. */
export class AbortWatch {
  readonly #signal: AbortSignal | undefined
  readonly #operation: string
  #listeners: (() => void)[] = []

  /** @throws {SegvecError} `ABORTED` if the signal is aborted already. */
  constructor(signal: AbortSignal | undefined, operation: string) {
    this.#signal = signal
    this.#operation = operation
    this.throwIfAborted()
  }

  throwIfAborted(): void {
    if (this.#isAborted) throw this.#aborted()
  }

  get #isAborted(): boolean {
    return this.#signal !== undefined && readAborted.call(this.#signal)
  }

  /** Calls `listener` when the signal is aborted, until `dispose()`. Never throws, so that an operation ends as it should. */
  onAbort(listener: () => void): void {
    if (this.#signal === undefined) return
    const heard = () => {
      if (this.#isAborted) listener() // else somebody has made the event up
    }
    try {
      addEventListener.call(this.#signal, 'abort', heard)
      this.#listeners.push(heard)
    } catch {
      // Somebody has made the signal one that nobody can listen to, since it was checked: it is looked at still, before each step.
    }
  }

  /** Settles with `promise`, or rejects with `ABORTED` as soon as the signal is aborted. */
  async race(promise: Promise<void>): Promise<void> {
    if (this.#signal === undefined) return promise
    this.throwIfAborted() // of an abort that has been nobody hears any more
    const aborted = new Promise<void>((resolve) => this.onAbort(resolve))
    await Promise.race([promise, aborted])
    this.throwIfAborted()
  }

  /** The error for what a native call threw: one that was cancelled through the signal carries its reason. */
  fromNative(error: unknown): SegvecError {
    const known = fromNative(error)
    return known.code === 'ABORTED' && this.#isAborted ? this.#aborted() : known
  }

  dispose(): void {
    for (const listener of this.#listeners) {
      try {
        removeEventListener.call(this.#signal as AbortSignal, 'abort', listener)
      } catch {
        // As above. What it would call does nothing any more.
      }
    }
    this.#listeners = []
  }

  #aborted(): SegvecError {
    return new SegvecError('ABORTED', `${this.#operation} was aborted`, {
      cause: readReason.call(this.#signal),
    })
  }
}

/** Does native work that `signal` cancels: it rejects with `ABORTED` then, and with a `SegvecError` whatever goes wrong. */
export async function abortable<Result>(
  addon: NativeAddon,
  operation: string,
  signal: AbortSignal | undefined,
  work: (token: NativeCancelToken | undefined, abort: AbortWatch) => Promise<Result>,
): Promise<Result> {
  const abort = new AbortWatch(signal, operation)
  const token = signal && new addon.CancelToken()
  abort.onAbort(() => token?.cancel())
  try {
    return await work(token, abort)
  } catch (error) {
    throw abort.fromNative(error)
  } finally {
    abort.dispose()
  }
}
