import { fileURLToPath } from 'node:url'
import { types } from 'node:util'
import { describe } from './describe.ts'
import { SegvecError } from './errors.ts'

/** The path that a string or a `file:` URL stands for. @throws {SegvecError} `INVALID_ARGUMENT`, naming the argument. */
export function pathOf(given: unknown, name: string): string {
  const isUrl = !types.isProxy(given) && given instanceof URL
  const path = isUrl ? pathOfUrl(given, name) : given
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    const message = `${name} is ${describe(path)}; expected a path, as a string or a file: URL`
    throw new SegvecError('INVALID_ARGUMENT', message)
  }
  return path
}

function pathOfUrl(url: URL, name: string): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    const message = `${name} is a URL that is no file (${(cause as Error).message}); expected a file: URL`
    throw new SegvecError('INVALID_ARGUMENT', message, { cause })
  }
}
