/** One statement or member of a declaration file, as offsets into its source; ends are exclusive. */
export interface Statement {
  /** The `/** … *\/` comment right above, if there is one. */
  readonly comment: string | undefined
  readonly start: number
  readonly end: number
  /** Offsets of the first `{` outside all other brackets and of its `}`; -1 if there is none. */
  readonly bodyStart: number
  readonly bodyEnd: number
}

/** What the statements in a range are: top level (of a file, module or namespace), or members of a type or enum. */
export type Level = 'statements' | 'members'

/** A statement with a body and one of these words in front of it ends with the body's `}`. */
const endsWithBody =
  /^(?:(?:export|declare|default|abstract|const)\s+)*(?:interface|class|namespace|module|enum|global)\b/

/** A line that ends like this goes on. */
const goesOn =
  /(?:[|&=,:?<([{.+]|=>|\b(?:extends|implements|keyof|typeof|infer|in|is|as|readonly|unique|new|type|declare|export|const))$/

/** A line that starts like this belongs to the line before. */
const continues = /^(?:[|&=:.,)\]>{]|\?(?!:)|(?:extends|implements|is|as|in)\b)/

/**
 * Splits a range of a TypeScript declaration file into statements or members, in order.
 *
 * It reads brackets, strings, comments and line ends, not the grammar: enough for declaration files, whose statements hold
 * no expressions, and it cannot fail; on text that is no TypeScript it returns other ranges, not an error.
 */
export function* scanStatements(
  source: string,
  from: number,
  to: number,
  level: Level,
): Generator<Statement> {
  let at = from
  let comment: string | undefined
  while (at < to) {
    const char = source[at] as string
    if (source.startsWith('/**', at) && source[at + 3] !== '/') {
      const end = skipComment(source, at, to)
      comment = source.slice(at, end)
      at = end
    } else if (source.startsWith('/*', at) || source.startsWith('//', at)) {
      at = skipComment(source, at, to)
    } else if (/[\s;,}\])]/.test(char)) {
      at++
    } else {
      const statement = readStatement(source, at, to, level, comment)
      yield statement
      comment = undefined
      at = statement.end
    }
  }
}

function readStatement(
  source: string,
  start: number,
  to: number,
  level: Level,
  comment: string | undefined,
): Statement {
  let bodyStart = -1
  let bodyEnd = -1
  const brackets: { readonly isBody: boolean; readonly angles: number }[] = []
  let angles = 0
  const finish = (end: number): Statement => ({ comment, start, end, bodyStart, bodyEnd })

  for (let at = start; at < to; at++) {
    const char = source[at] as string
    switch (char) {
      case '"':
      case "'":
      case '`':
        at = skipString(source, at, to) - 1
        break
      case '/':
        if (source[at + 1] === '/' || source[at + 1] === '*') at = skipComment(source, at, to) - 1
        break
      case '<':
        if (source[at + 1] === '<' && /[\s\d]/.test(source[at + 2] ?? '')) at++
        else angles++
        break
      case '>':
        if (source[at - 1] !== '=' && angles > 0) angles--
        break
      case '(':
      case '[':
      case '{': {
        const isBody = char === '{' && brackets.length === 0 && angles === 0 && bodyStart < 0
        if (isBody) bodyStart = at
        brackets.push({ isBody, angles })
        angles = 0
        break
      }
      case ')':
      case ']':
      case '}': {
        const open = brackets.pop()
        if (open === undefined) return finish(at)
        angles = open.angles
        if (open.isBody) {
          bodyEnd = at
          if (endsWithBody.test(source.slice(start, bodyStart))) return finish(at + 1)
        }
        break
      }
      case ';':
        if (brackets.length === 0) return finish(at + 1)
        angles = 0
        break
      case ',':
        if (level === 'members' && brackets.length === 0 && angles === 0) return finish(at + 1)
        break
      case '\n':
        if (brackets.length === 0 && angles === 0 && endsAtLine(source, start, at, to, level))
          return finish(at)
        break
    }
  }
  return finish(to)
}

/** Whether the statement that began at `start` ends with the line end at `at`, there being no semicolon. */
function endsAtLine(source: string, start: number, at: number, to: number, level: Level): boolean {
  if (goesOn.test(source.slice(Math.max(start, at - 40), at).trimEnd())) return false
  let next = at
  while (next < to) {
    if (source.startsWith('//', next) || source.startsWith('/*', next)) next = skipComment(source, next, to)
    else if (/\s/.test(source[next] as string)) next++
    else break
  }
  const rest = source.slice(next, Math.min(to, next + 12))
  return level === 'members'
    ? !/^(?:[|&=:.)\]>{]|\?|(?:extends|is)\b[^?:(;])/.test(rest)
    : !continues.test(rest)
}

/** The offset after the comment that starts at `at`. */
function skipComment(source: string, at: number, to: number): number {
  const isBlock = source[at + 1] === '*'
  const end = isBlock ? source.indexOf('*/', at + 2) : source.indexOf('\n', at)
  return end < 0 || end >= to ? to : end + (isBlock ? 2 : 0)
}

/** The offset after the string that starts at `at`; a line end closes all but a template. */
function skipString(source: string, at: number, to: number): number {
  const quote = source[at]
  for (let next = at + 1; next < to; next++) {
    const char = source[next]
    if (char === '\\') next++
    else if (char === quote) return next + 1
    else if (char === '\n' && quote !== '`') return next
  }
  return to
}
