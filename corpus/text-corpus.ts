import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Chunk, Passage } from './chunk.ts'
import { chunkDeclarations } from './chunk-declarations.ts'
import { chunkMarkdown } from './chunk-markdown.ts'
import { embeddingDimension, TextEmbedder } from './embedder.ts'
import { type DocumentFile, findDocuments } from './find-documents.ts'

/** The folder of installed packages of this project. */
const ownPackages = join(fileURLToPath(new URL('..', import.meta.url)), 'node_modules')

/** Files with a longer line than this are minified or hold encoded data. */
export const maxLineLength = 20_000

export interface TextCorpusOptions {
  /** Folders to read beside the project's own `node_modules`. */
  readonly folders?: readonly string[]
  /** Read the project's own `node_modules`; default true. */
  readonly packages?: boolean
  /** Most chunks to keep, taken at even distances over the whole; default all. */
  readonly limit?: number
  /** Called now and then while texts are embedded, and once at the end with `done === total`. */
  readonly onProgress?: (done: number, total: number) => void
}

export interface TextCorpus {
  readonly chunks: readonly Chunk[]
  /** `chunks.length * dimension` floats, row-major: row `i` is the embedding of `chunks[i]`, of Euclidean length 1. */
  readonly vectors: Float32Array
  readonly dimension: number
  readonly fileCount: number
  /** Chunks whose text occurred before: real collections have them, so they stay. */
  readonly duplicateCount: number
  readonly embedder: TextEmbedder
  /** The embedding of a question: `dimension` floats of length 1. */
  embed(text: string): Float32Array
}

/**
 * Reads, cuts and embeds the documentation and type declarations of the installed packages (and of `folders`).
 *
 * Deterministic: the same files give the same chunks in the same order and the same bytes. Takes a few seconds of one core
 * for 40,000 chunks, on the calling thread.
 *
 * @throws the file system's error if a folder or file cannot be read; `RangeError` if nothing was found.
 * @example
 * const { chunks, vectors, dimension, embed } = textCorpus({ limit: 5000 })
 */
export function textCorpus(options: TextCorpusOptions = {}): TextCorpus {
  const roots = [...(options.packages === false ? [] : [ownPackages]), ...(options.folders ?? [])]
  const documents = roots.flatMap(findDocuments)
  const chunks = sample(documents.flatMap(passagesOf), options.limit).map((chunk, id) => ({ id, ...chunk }))
  if (chunks.length === 0) throw new RangeError(`no documentation below ${roots.join(', ') || 'no folder'}`)

  const embedder = TextEmbedder.fit(chunks)
  const vectors = new Float32Array(chunks.length * embeddingDimension)
  chunks.forEach((chunk, row) => {
    embedder.embedDocument(chunk, vectors.subarray(row * embeddingDimension, (row + 1) * embeddingDimension))
    if (row % 512 === 0) options.onProgress?.(row, chunks.length)
  })
  options.onProgress?.(chunks.length, chunks.length)

  return {
    chunks,
    vectors,
    dimension: embeddingDimension,
    fileCount: documents.length,
    duplicateCount: chunks.length - new Set(chunks.map((chunk) => chunk.text)).size,
    embedder,
    embed: (text) => embedder.embed(text),
  }
}

function passagesOf(document: DocumentFile): (Passage & Pick<Chunk, 'package' | 'file'>)[] {
  const source = readFileSync(document.path, 'utf8')
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n')
  if (longestLine(source) > maxLineLength) return []
  const passages =
    document.kind === 'markdown' ? chunkMarkdown(source, basename(document.path)) : chunkDeclarations(source)
  return passages.map((passage) => ({ ...passage, package: document.package, file: document.file }))
}

function longestLine(text: string): number {
  let longest = 0
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start)
    const next = end < 0 ? text.length : end
    longest = Math.max(longest, next - start)
    start = next + 1
  }
  return longest
}

/** At most `limit` of the items, at even distances, in order. */
function sample<Item>(items: readonly Item[], limit: number = items.length): readonly Item[] {
  if (limit >= items.length) return items
  return Array.from({ length: limit }, (_, at) => items[Math.floor((at * items.length) / limit)] as Item)
}
