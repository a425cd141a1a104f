import { types } from 'node:util'
import { isList, typedArrayKind } from './arrays.ts'

const longestQuote = 40

/** The value in a few words, for an error message. Runs no code of the caller, whatever the value is. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length <= longestQuote
        ? JSON.stringify(value)
        : `${JSON.stringify(value.slice(0, longestQuote))}... (${value.length} characters)`
    case 'bigint':
      // Writing out a bigint takes quadratic time: only those of a reasonable size are.
      return BigInt.asIntN(256, value) === value ? `${value}n` : 'a bigint of more than 256 bits'
    case 'function':
      return 'a function'
    case 'object':
      return value === null ? 'null' : describeObject(value)
    default:
      return String(value)
  }
}

function describeObject(value: object): string {
  const kind = typedArrayKind(value)
  if (kind !== undefined) return /^([AEIO]|U(?!int))/.test(kind) ? `an ${kind}` : `a ${kind}`
  if (types.isPromise(value)) return 'a promise (is an await missing?)'
  return isList(value) ? 'an array' : 'an object'
}
