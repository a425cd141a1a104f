import type { SearchHit, VectorIndex } from 'segvec'
import type { Chunk } from '../corpus/chunk.ts'
import type { TextCorpus } from '../corpus/text-corpus.ts'
import { printable, style } from './style.ts'

/** Hits asked of the index for one question. */
export const hitsPerQuestion = 10
const shownAnswers = 4
const shownLines = 3
const shownColumns = 110

export interface Answer {
  readonly question: string
  readonly hits: readonly SearchHit[]
}

/** Asks the index a question in words; one without a single known word has no direction, and no hits. */
export async function ask(index: VectorIndex, corpus: TextCorpus, question: string): Promise<Answer> {
  const query = corpus.embed(question)
  const isKnown = query.some((value) => value !== 0)
  return { question, hits: isKnown ? await index.search(query, { k: hitsPerQuestion }) : [] }
}

/** A chunk that was found, together with those found beside it that have the same text. */
interface Finding {
  readonly chunk: Chunk
  readonly distance: number
  copyCount: number
}

/** The answer for people: the first few different texts, with where they stand. */
export function describeAnswer({ question, hits }: Answer, chunks: readonly Chunk[]): string {
  const findings = new Map<string, Finding>()
  for (const { id, distance } of hits) {
    const chunk = chunks[id] as Chunk
    const known = findings.get(chunk.text)
    if (known === undefined) findings.set(chunk.text, { chunk, distance, copyCount: 0 })
    else known.copyCount++
  }
  const shown = [...findings.values()].slice(0, shownAnswers).map(describeFinding)
  const answer = shown.length > 0 ? shown : ['  nothing here has any of these words']
  return [style(['bold', 'cyan'], `? ${printable(question)}`), ...answer, ''].join('\n')
}

function describeFinding({ chunk, distance, copyCount }: Finding): string {
  const copies = copyCount === 0 ? '' : style('dim', `  and ${copyCount} with the same text`)
  const head = `  ${style('bold', printable(chunk.title))}  ${style('green', distance.toFixed(3))}${copies}`
  const place = `  ${style('dim', `${chunk.package}  ${printable(chunk.file)}:${chunk.line}`)}`
  return [head, place, ...excerpt(chunk.text).map((line) => `    ${line}`)].join('\n')
}

function excerpt(text: string): string[] {
  const lines = printable(text)
    .split('\n')
    .filter((line) => line.trim().length > 0)
  const shown = lines.slice(0, shownLines).map(shorten)
  return lines.length > shownLines ? [...shown, style('dim', '…')] : shown
}

function shorten(line: string): string {
  return line.length <= shownColumns ? line : `${line.slice(0, shownColumns)}…`
}
