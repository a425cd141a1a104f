import { lexer, type Token, type Tokens } from 'marked'
import { cutText, isWorthKeeping, maxChunkLength, type Passage } from './chunk.ts'
import { plainText } from './clean-text.ts'

/** A paragraph shorter than this (a lead-in such as "For example:") is joined to the one that follows. */
const shortParagraph = 120

/** A list or table longer than this is taken apart, entry by entry. */
const longList = 700

/** One block of the document, reduced to words. */
interface Block {
  readonly text: string
  readonly line: number
  readonly isCode: boolean
}

/**
 * Cuts a Markdown text into paragraphs, in order. The title is the path of headings above. A short lead-in stays with the
 * paragraph after it, code stays with the paragraph before it; what is longer than {@link maxChunkLength} is cut.
 *
 * @param fallbackTitle the title of what stands above the first heading
 */
export function chunkMarkdown(source: string, fallbackTitle: string): Passage[] {
  const passages: Passage[] = []
  const headings: string[] = []
  let pending: Block | undefined

  const flush = (): void => {
    if (pending !== undefined && isWorthKeeping(pending.text)) {
      const title = headings.filter(Boolean).join(' › ') || fallbackTitle
      for (const text of cutText(pending.text)) passages.push({ text, title, line: pending.line })
    }
    pending = undefined
  }

  const append = (block: Block): void => {
    if (block.text.length === 0) return
    if (pending !== undefined) {
      const belongs = block.isCode || pending.text.length < shortParagraph
      if (belongs && pending.text.length + block.text.length < maxChunkLength) {
        pending = { ...pending, text: `${pending.text}\n\n${block.text}` }
        return
      }
      flush()
    }
    pending = block
  }

  let line = 1
  for (const token of lexer(source)) {
    if (token.type === 'heading') {
      flush()
      const { depth, text } = token as Tokens.Heading
      headings.length = Math.min(headings.length, depth - 1)
      headings[depth - 1] = plainText(text).replace(/\s+/g, ' ')
    } else {
      for (const block of blocksOf(token, line)) append(block)
    }
    line += newlineCount(token.raw)
  }
  flush()
  return passages
}

function* blocksOf(token: Token, line: number): Generator<Block> {
  const whole = (text: string): Block => ({ text, line, isCode: token.type === 'code' })
  switch (token.type) {
    case 'space':
    case 'hr':
    case 'def':
      return
    case 'code':
      yield whole((token as Tokens.Code).text)
      return
    case 'list':
      yield* entries(
        token.raw,
        (token as Tokens.List).items.map((item) => item.raw),
        line,
      )
      return
    case 'table':
      yield* entries(
        tableText(token.raw),
        tableText(token.raw)
          .trimEnd()
          .split(/(?<=\n)/),
        line,
      )
      return
    default:
      yield whole(plainText(token.raw))
  }
}

/** A list or table as one block, or entry by entry if it is long. */
function* entries(raw: string, parts: readonly string[], line: number): Generator<Block> {
  if (raw.length <= longList) {
    yield { text: plainText(raw), line, isCode: false }
    return
  }
  let at = line
  for (const part of parts) {
    yield { text: plainText(part), line: at, isCode: false }
    at += newlineCount(part)
  }
}

/** A table without its bars, rules and padding; a row stays a line. */
function tableText(raw: string): string {
  return raw
    .replace(/^[ \t|:-]+$/gm, '')
    .replace(/[ \t]*(?<!\\)\|[ \t]*/g, '  ')
    .replace(/[ \t]{3,}/g, '  ')
    .replace(/^[ \t]+/gm, '')
}

function newlineCount(text: string): number {
  return text.split('\n').length - 1
}
