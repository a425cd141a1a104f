import { cutText, isWorthKeeping, maxChunkLength, type Passage } from './chunk.ts'
import { commentText, dedent } from './clean-text.ts'
import { LineTable } from './lines.ts'
import { type Level, type Statement, scanStatements } from './scan-declarations.ts'

/** An interface, class, enum or object type whose code is longer than this is taken apart, member by member. */
const largeBody = 500

/** Longest signature that is kept; generated unions run to many pages. */
const maxSignatureLength = 600

/** Longest list of the members of a declaration that was taken apart. */
const maxNamesLength = 300

const modifiers =
  /^(?:(?:export|declare|default|abstract|static|readonly|public|protected|private|async|override|accessor|get|set)\s+(?=[\w$"'`[#(*<{]))+/

interface Header {
  readonly keyword: string
  readonly name: string
}

/**
 * Cuts a TypeScript declaration file into its declarations, in order, each with its doc comment: modules and namespaces are
 * entered, large interfaces, classes and enums give one chunk for themselves and one for each member. Overloads
 * without a comment of their own stay with the declaration before them; imports and re-exports are left out.
 */
export function chunkDeclarations(source: string): Passage[] {
  const lines = new LineTable(source)
  const passages: Passage[] = []
  let previous: { readonly title: string; index: number } | undefined

  const emit = (statement: Statement, title: string, code: string): void => {
    const comment = statement.comment === undefined ? '' : commentText(statement.comment)
    const signature = limit(signatureText(code, indentAt(source, statement.start)), maxSignatureLength)
    const last = previous === undefined ? undefined : passages[previous.index]
    if (comment === '' && last !== undefined && previous?.title === title) {
      const text = `${last.text}\n${signature}`
      if (text.length <= maxChunkLength) {
        passages[previous.index] = { ...last, text }
        return
      }
    }
    const text = comment === '' ? signature : `${comment}\n\n${signature}`
    if (!isWorthKeeping(`${title} ${text}`)) return
    const line = lines.lineAt(statement.start)
    for (const piece of cutText(text)) passages.push({ text: piece, title, line })
    previous = { title, index: passages.length - 1 }
  }

  const walk = (from: number, to: number, path: readonly string[], level: Level): void => {
    for (const statement of scanStatements(source, from, to, level)) {
      const { start, end, bodyStart, bodyEnd } = statement
      const code = source.slice(start, end)
      const header = level === 'statements' ? statementHeader(code) : memberHeader(code)
      if (header === undefined) continue
      const ownPath = header.name === '' ? path : [...path, header.name]
      const title = ownPath.join('.')
      const hasBody = bodyEnd > bodyStart && bodyStart >= 0

      if (hasBody && isScope(header.keyword)) {
        if (statement.comment !== undefined) emit(statement, title, source.slice(start, bodyStart))
        walk(bodyStart + 1, bodyEnd, ownPath, 'statements')
      } else if (hasBody && level === 'statements' && bodyEnd - bodyStart > largeBody) {
        emit(statement, title, `${source.slice(start, bodyStart)}{ ${memberNames(source, statement)} }`)
        walk(bodyStart + 1, bodyEnd, ownPath, 'members')
      } else {
        emit(statement, title, code)
      }
    }
  }
  walk(0, source.length, [], 'statements')
  return passages
}

const isScope = (keyword: string): boolean =>
  keyword === 'namespace' || keyword === 'module' || keyword === 'global'

/** Keyword and name of a top-level statement; `undefined` for those that declare nothing by themselves. */
function statementHeader(code: string): Header | undefined {
  const bare = code.replace(modifiers, '')
  if (/^(?:import\b|export\b|\{|\*)/.test(bare)) return undefined
  const match =
    /^(function\*?|class|interface|type|enum|const\s+enum|const|let|var|namespace|module|global)\s*(?:([\w$.]+)|["']([^"']+)["'])?/.exec(
      bare,
    )
  if (match === null) return undefined
  const [, keyword = '', plain, quoted] = match
  const name = plain ?? quoted?.replace(/^node:/, '').replaceAll('/', '.')
  if (name === undefined && keyword !== 'global') return undefined
  return { keyword, name: name ?? '' }
}

function memberHeader(code: string): Header {
  const bare = code.replace(modifiers, '')
  const [, name, quoted] = /^(?:(#?[\w$]+)|["']([^"'\n]+)["'])/.exec(bare) ?? []
  return { keyword: 'member', name: name ?? quoted ?? '' }
}

/** The code without its indentation and without comments that hold nothing but a link. */
function signatureText(code: string, indent: number): string {
  return dedent(code.trim(), indent).replace(/\/\*\*?\s*\[[^\]\n]*\]\([^)\n]*\)\s*\*\/\s*/g, '')
}

/** The distinct names of a body's members, as far as they fit. */
function memberNames(source: string, { bodyStart, bodyEnd }: Statement): string {
  const names = new Set<string>()
  for (const { start, end } of scanStatements(source, bodyStart + 1, bodyEnd, 'members')) {
    names.add(memberHeader(source.slice(start, end)).name)
  }
  names.delete('')
  return limit([...names].join(', '), maxNamesLength)
}

/** How far the code at `offset` is indented. */
function indentAt(source: string, offset: number): number {
  const lineStart = source.lastIndexOf('\n', offset - 1) + 1
  return /^[ \t]*/.exec(source.slice(lineStart, offset))?.[0].length ?? 0
}

function limit(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength).trimEnd()} …`
}
