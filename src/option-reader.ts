import { isList, isRevokedProxy } from './arrays.ts'
import { describe } from './describe.ts'
import { SegvecError } from './errors.ts'
import { nearestName } from './nearest-name.ts'

/** Option values as the caller gave them, unchecked; an option left out or `undefined` is `undefined` here. */
export type RawOptions<Name extends string> = { readonly [name in Name]?: unknown }

/**
 * Copies the options out of the caller's object: own enumerable properties only, each read exactly once, into an
 * object without a prototype, so that neither a polluted `Object.prototype` nor a getter can change them later.
 *
 * @throws {SegvecError} `INVALID_ARGUMENT` if `options` is no object, has an option that is not in `names`, or is of a class and has
 * none: an `AbortSignal`, a promise or a `Map` was meant for something else.
 */
export function readOptions<Name extends string>(options: unknown, names: readonly Name[]): RawOptions<Name> {
  const values = Object.create(null) as { [name in Name]?: unknown }
  if (options === undefined) return values
  if (!isObject(options)) throw noOptions(describe(options), names)
  const given = Object.keys(options)
  if (given.length === 0 && !isPlain(options)) {
    throw noOptions(`${describe(options)} without properties of its own`, names)
  }
  for (const name of given) {
    if (!isOneOf(name, names)) throw unknownOption(name, names)
    values[name] = (options as Record<Name, unknown>)[name]
  }
  return values
}

function noOptions(what: string, names: readonly string[]): SegvecError {
  const message = `options is ${what}; expected an object with any of ${names.join(', ')}`
  return new SegvecError('INVALID_ARGUMENT', message)
}

function isObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || isRevokedProxy(value)) return false
  return !isList(value) && !ArrayBuffer.isView(value)
}

// Object.prototype may be that of another realm.
function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function isOneOf<Name extends string>(name: string, names: readonly Name[]): name is Name {
  return (names as readonly string[]).includes(name)
}

function unknownOption(name: string, names: readonly string[]): SegvecError {
  const nearest = nearestName(name, names)
  const guess = nearest === undefined ? '' : `; did you mean '${nearest}'?`
  const message = `unknown option ${describe(name)}${guess} (the options are ${names.join(', ')})`
  return new SegvecError('INVALID_ARGUMENT', message)
}

/** An integer option within `least..most`; `fallback` if it was left out. */
export function integerOption(
  name: string,
  value: unknown,
  least: number,
  most: number,
  fallback?: number,
): number {
  const given = value === undefined ? fallback : value
  if (Number.isSafeInteger(given) && (given as number) >= least && (given as number) <= most) {
    return given as number
  }
  const expected =
    most === Number.MAX_SAFE_INTEGER ? `a safe integer >= ${least}` : `an integer from ${least} to ${most}`
  throw new SegvecError('INVALID_ARGUMENT', `${name} is ${describe(given)}; expected ${expected}`)
}

/** An option that is one of a few words; `fallback` if it was left out. */
export function choiceOption<Choice extends string>(
  name: string,
  value: unknown,
  choices: readonly Choice[],
  fallback: Choice,
): Choice {
  if (value === undefined) return fallback
  const choice = choices.find((candidate) => candidate === value)
  if (choice !== undefined) return choice
  const expected = choices.map((candidate) => `'${candidate}'`).join(', ')
  throw new SegvecError('INVALID_ARGUMENT', `${name} is ${describe(value)}; expected one of ${expected}`)
}

/** An option that is `true` or `false`; `fallback` if it was left out. */
export function booleanOption(name: string, value: unknown, fallback = false): boolean {
  if (value === undefined) return fallback
  if (typeof value === 'boolean') return value
  throw new SegvecError('INVALID_ARGUMENT', `${name} is ${describe(value)}; expected true or false`)
}

/** An option that is a function, or was left out. */
export function functionOption<Fn extends (...given: never[]) => void>(
  name: string,
  value: unknown,
): Fn | undefined {
  if (value === undefined || typeof value === 'function') return value as Fn | undefined
  throw new SegvecError('INVALID_ARGUMENT', `${name} is ${describe(value)}; expected a function`)
}
