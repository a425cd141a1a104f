import { types } from 'node:util'

/** Every `code` that a {@link SegvecError} can carry. */
export const errorCodes = [
  /** An option or argument has the wrong type or is out of range. */
  'INVALID_ARGUMENT',
  /** An array's length is not the one that `dimension` asks for. */
  'DIMENSION_MISMATCH',
  /** A vector holds NaN, an infinity or a value too large for a finite distance, or is zero under `cosine`. */
  'INVALID_VECTOR',
  /** An id is not of the index's `idType`, or outside its range. */
  'INVALID_ID',
  /** An id to add is already in the index, or an id is twice in one batch. */
  'DUPLICATE_ID',
  /** The index has been closed. */
  'CLOSED',
  /** The operation's `AbortSignal` was aborted; `cause` is the signal's reason. */
  'ABORTED',
  /** Memory could not be allocated; the index is as it was. */
  'OUT_OF_MEMORY',
  /** A system call failed; `syscall`, `path` and `errno` say which, on what, and why. */
  'IO',
  /** There is no index, or no such file, at the path. */
  'NOT_FOUND',
  /** A file is damaged, cut short, or does not belong where it is; nothing of it is used. */
  'CORRUPT',
  /** A file was written by a newer segvec, in a format that this one cannot read. */
  'UNSUPPORTED_FORMAT',
  /** Another index, here or in another process, has the directory open for writing; or another directory has taken its place. */
  'LOCKED',
  /** The index was opened for reading only. */
  'READ_ONLY',
  /** The native addon could not be loaded. */
  'LOAD_FAILED',
  /** A defect of segvec itself; please report it. */
  'INTERNAL',
] as const

/** A stable, machine-readable name for what went wrong. */
export type SegvecErrorCode = (typeof errorCodes)[number]

/**
 * The one error class of this package: `code` is for programs, `message` says what, expected and got.
 *
 * @example
 * try {
 *   await index.add([1], [[0.1, 0.2]])
 * } catch (error) {
 *   if (error instanceof SegvecError && error.code === 'DUPLICATE_ID') await useAnotherId()
 *   else throw error
 * }
 */
export class SegvecError extends Error {
  declare readonly name: 'SegvecError'
  static {
    // Not a field: V8 writes the first line of the stack before an instance has any.
    Object.defineProperty(SegvecError.prototype, 'name', { value: 'SegvecError', configurable: true })
  }
  readonly code: SegvecErrorCode
  /** The system call that failed, under `IO`. */
  declare readonly syscall?: string
  /** The file or directory it failed on; under `CORRUPT` the damaged file, where one is to blame. */
  declare readonly path?: string
  /** The number that the system gave for the reason, positive; `util.getSystemErrorName(-errno)` names it. */
  declare readonly errno?: number
  /** Under `CORRUPT`, the byte of the file at which the damage was found. */
  declare readonly offset?: number
  /** Under `CORRUPT`, the part of the file that this byte is in, such as `section 'rows'`. */
  declare readonly section?: string

  constructor(code: SegvecErrorCode, message: string, options?: ErrorOptions & ErrorPlace) {
    super(message, options)
    this.code = code
    const { syscall, path, errno, offset, section } = options ?? {}
    // Node negates it where libuv made the call.
    if (syscall !== undefined) Object.assign(this, { syscall, path, errno: errno && Math.abs(errno) })
    if (section !== undefined) Object.assign(this, { path, offset, section })
  }
}

/** Where a file or the system is to blame. */
interface ErrorPlace {
  readonly syscall?: string | undefined
  readonly path?: string | undefined
  readonly errno?: number | undefined
  readonly offset?: number | undefined
  readonly section?: string | undefined
}

/**
 * Turns what a call of the native addon threw into a `SegvecError`, created here and now so that its stack shows
 * the caller. An error without a known code is a defect: `INTERNAL`, with the original as `cause`.
 */
export function fromNative(error: unknown): SegvecError {
  if (error instanceof SegvecError) return error
  const { code, message, syscall, path, errno, offset, section } =
    // Not `instanceof`: where this module runs in a context of its own, as under Jest, the addon's errors are another realm's.
    types.isNativeError(error) ? (error as Error & ErrorPlace & { code?: unknown }) : {}
  const known = errorCodes.find((candidate) => candidate === code)
  if (known !== undefined) {
    return new SegvecError(known, message ?? known, { syscall, path, errno, offset, section })
  }
  return new SegvecError('INTERNAL', `the native addon failed: ${message ?? String(error)}`, { cause: error })
}
