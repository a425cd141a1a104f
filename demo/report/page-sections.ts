import type { Chunk } from '../../corpus/chunk.ts'
import type { TextCorpus } from '../../corpus/text-corpus.ts'
import type { Answer } from '../answers.ts'
import { codeSteps, type PageContent, placeSteps, type SectionName } from '../page/page-data.ts'

/** Longest text of a chunk on the page. */
const excerptLength = 280

/** What the page is made of. */
export interface PageSource {
  readonly corpus: TextCorpus
  /** The chunks to show, by ascending id. */
  readonly shown: readonly number[]
  /** Two coordinates for each of them, in any unit. */
  readonly places: Float32Array
  readonly answers: readonly Answer[]
  readonly figures: PageContent['figures']
}

/** The sections of the page as bytes, ready to be compressed. */
export function pageSections({
  corpus,
  shown,
  places,
  answers,
  figures,
}: PageSource): Record<SectionName, Uint8Array> {
  const chunks = shown.map((id) => corpus.chunks[id] as Chunk)
  const packages = namesByCount(chunks.map((chunk) => chunk.package))
  const files = namesByCount(chunks.map((chunk) => chunk.file))
  const packageNumbers = new Map(packages.map((name, at) => [name, at]))
  const fileNumbers = new Map(files.map((name, at) => [name, at]))
  const pointOf = new Map(shown.map((id, point) => [id, point]))
  const content: PageContent = {
    corpusSize: corpus.chunks.length,
    dimension: corpus.dimension,
    figures,
    packages,
    files,
    points: {
      title: chunks.map((chunk) => chunk.title),
      text: chunks.map((chunk) => excerpt(chunk.text)),
      package: chunks.map((chunk) => packageNumbers.get(chunk.package) as number),
      file: chunks.map((chunk) => fileNumbers.get(chunk.file) as number),
      line: chunks.map((chunk) => chunk.line),
    },
    answers: answers.map(({ question, hits }) => ({
      question,
      hits: hits.flatMap(({ id, distance }) => {
        const point = pointOf.get(id)
        return point === undefined ? [] : [[point, Number(distance.toFixed(4))] as const]
      }),
    })),
  }
  return {
    content: Buffer.from(JSON.stringify(content)),
    codes: codesOf(corpus, shown),
    places: placesOf(places),
    idf: corpus.embedder.idf,
  }
}

function excerpt(text: string): string {
  const dense = text.replace(/\n{2,}/g, '\n')
  return dense.length <= excerptLength ? dense : `${dense.slice(0, excerptLength)}…`
}

/** Distinct names, the most frequent first, equally frequent ones in alphabetical order. */
function namesByCount(names: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts]
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .map(([name]) => name)
}

function codesOf({ vectors, dimension }: TextCorpus, shown: readonly number[]): Uint8Array {
  const codes = new Int8Array(shown.length * dimension)
  shown.forEach((id, point) => {
    for (let axis = 0; axis < dimension; axis++) {
      const code = Math.round((vectors[id * dimension + axis] as number) * codeSteps)
      codes[point * dimension + axis] = Math.max(-127, Math.min(127, code))
    }
  })
  return new Uint8Array(codes.buffer)
}

/** Scales the map to a square of {@link placeSteps}; the few points far outside the rest come to stand at its edge. */
function placesOf(places: Float32Array): Uint8Array {
  const ranges = [0, 1].map((axis) => rangeWithoutOutliers(places.filter((_, at) => at % 2 === axis))) as [
    Range,
    Range,
  ]
  const size = Math.max(...ranges.map(({ low, high }) => high - low)) || 1
  const codes = Uint16Array.from(places, (value, at) => {
    const { low, high } = ranges[at % 2] as Range
    const share = 0.5 + (value - (low + high) / 2) / size
    return Math.round(Math.max(0, Math.min(1, share)) * placeSteps)
  })
  return new Uint8Array(codes.buffer)
}

interface Range {
  readonly low: number
  readonly high: number
}

function rangeWithoutOutliers(values: Float32Array): Range {
  const sorted = values.toSorted()
  const margin = Math.floor(sorted.length / 2000)
  return { low: sorted[margin] ?? 0, high: sorted[sorted.length - 1 - margin] ?? 0 }
}
