/** One retrievable piece of text: a paragraph of documentation or one declaration with its comment. */
export interface Chunk {
  /** Position in the corpus, from 0; also the id under which the demo indexes the chunk. */
  readonly id: number
  /** The words a reader sees; what is embedded, together with `title`. */
  readonly text: string
  /** Heading path (`Usage › Options`) or qualified name (`fs.promises.open`). */
  readonly title: string
  /** npm package, or the name of the folder the user gave. */
  readonly package: string
  /** Path below the folder that was searched, starting with that folder's name; always with `/`. */
  readonly file: string
  /** 1-based line where the paragraph or declaration starts. */
  readonly line: number
}

/** What a chunker finds in one file; the corpus adds package, file and id. */
export type Passage = Pick<Chunk, 'text' | 'title' | 'line'>

/** Longest text of one chunk, in UTF-16 units. About 200 words: an embedding of more says little about any of them. */
export const maxChunkLength = 1200

/** Texts with fewer letters and digits than this carry no statement of their own and are dropped. */
export const minChunkLetters = 12

/** Whether `text` says enough to be worth retrieving. */
export function isWorthKeeping(text: string): boolean {
  let letters = 0
  for (const _ of text.matchAll(/[\p{L}\p{N}]/gu)) {
    if (++letters >= minChunkLetters) return true
  }
  return false
}

/**
 * Cuts `text` into pieces of at most `maxLength` characters: at an empty line if there is one in the second half
 * of the piece, else at the end of a line, else at a space, else hard. Joined, the pieces hold every word.
 */
export function cutText(text: string, maxLength: number = maxChunkLength): string[] {
  const pieces: string[] = []
  let rest = text.trim()
  while (rest.length > maxLength) {
    const window = rest.slice(0, maxLength + 1)
    const cut =
      ['\n\n', '\n', ' '].map((gap) => window.lastIndexOf(gap)).find((at) => at > maxLength / 2) ?? maxLength
    pieces.push(rest.slice(0, cut).trimEnd())
    rest = rest.slice(cut).trimStart()
  }
  if (rest.length > 0) pieces.push(rest)
  return pieces
}
