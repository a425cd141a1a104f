import type { Chunk } from '../corpus/chunk.ts'

/** What the demo asks if the command line says nothing else. */
export const defaultQuestions = [
  'open a file for reading asynchronously',
  'compress data with gzip',
  'watch a directory for changes',
  'match file names against a glob pattern',
  'how do I extract a tar archive',
] as const

const firstSentence = /^[^\n]{15,200}?[.:](?=\s|$)/

/** About `count` questions to measure with: the first sentences of chunks, at even distances over the corpus. */
export function sampleQuestions(chunks: readonly Chunk[], count: number): string[] {
  const sentences = chunks.flatMap(({ text }) => {
    const [sentence] = firstSentence.exec(text) ?? []
    return sentence !== undefined && sentence.split(' ').length > 3 ? [sentence] : []
  })
  const distance = Math.max(1, sentences.length / count)
  return sentences.filter((_, at) => Math.floor(at / distance) !== Math.floor((at - 1) / distance))
}
