import { SegvecError, type SegvecErrorCode } from 'segvec'
import { expect } from 'vitest'

/** Expects a `SegvecError` with this code and a message that matches, and returns it. */
export function expectFailure(error: unknown, code: SegvecErrorCode, message?: RegExp | string): SegvecError {
  expect(error).toBeInstanceOf(SegvecError)
  const failure = error as SegvecError
  expect({ code: failure.code, message: failure.message }).toMatchObject({ code })
  if (message !== undefined) expect(failure.message).toMatch(message)
  return failure
}

/** Expects a call to return a promise (never to throw) that rejects as said. */
export async function expectRejection(
  call: () => Promise<unknown>,
  code: SegvecErrorCode,
  message?: RegExp | string,
): Promise<SegvecError> {
  const promise = call()
  expect(promise).toBeInstanceOf(Promise)
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('value' in outcome) expect.fail(`resolved although ${code} was expected`)
  return expectFailure(outcome.error, code, message)
}

/** Expects a synchronous call to throw as said. */
export function expectThrow(
  call: () => unknown,
  code: SegvecErrorCode,
  message?: RegExp | string,
): SegvecError {
  let error: unknown
  try {
    call()
  } catch (caught) {
    error = caught
  }
  if (error === undefined) expect.fail(`did not throw although ${code} was expected`)
  return expectFailure(error, code, message)
}
