import { hashText } from './hash.ts'
import { bucketCount, type FeatureKind, type FeatureTallies, featureKinds, Lexicon } from './lexicon.ts'
import { project } from './projection.ts'
import { Tally } from './tally.ts'

/** Dimension of every embedding of this folder. */
export const embeddingDimension = 256

/** How much an occurrence in the title counts; one in the text or the path counts 1. */
const titleAmount = 2

/** What a feature of each kind weighs. Pairs are rare, so their idf is high; alone it would drown the words. */
const kindWeights = { word: 1, identifier: 0.5, pair: 0.4, gram: 1 } as const satisfies Record<
  FeatureKind,
  number
>

/** Share of the squared length of an embedding that the character n-grams get; words, identifiers and pairs share the rest. */
const gramShare = 0.3

/**
 * An identifier, pair or n-gram has to occur in one document out of this many (rounded, at least in one) to count: what is
 * rarer joins nothing and only takes up length.
 */
const documentsPerOccurrence = 15_000

/** Inverse document frequencies are kept in steps of 1/16, a byte each: exact enough, and small enough for a web page. */
const idfSteps = 16

/**
 * A text to embed, with the names it goes under. The words of its path tell short texts apart: without them, the nearest to
 * a question would often be a declaration of two words that has one of the question's.
 */
export interface EmbeddedText {
  readonly text: string
  readonly title: string
  readonly file: string
}

/**
 * A deterministic embedding of text, fitted to a collection: no model, no download, the same bytes on every run.
 *
 * Words, identifiers, word pairs and character n-grams are hashed ({@link Lexicon}), weighted by
 * (1 + ln tf) * ln((n + 1) / (df + 1)) (Salton, Buckley, "Term-weighting approaches in automatic text retrieval", 1988)
 * and projected to {@link embeddingDimension} floats of Euclidean length 1 ({@link project}).
 *
 * The constants of this file were chosen together, by precision@10 on 25 questions about node_modules. A direction of its own
 * for each document or package, to tell short texts apart, would have given more precise answers still, but moves questions
 * away from all documents: an HNSW index then finds fewer of their true neighbours.
 */
export class TextEmbedder {
  readonly #lexicon = new Lexicon()
  readonly #tallies: FeatureTallies = {
    word: new Tally(bucketCount),
    identifier: new Tally(bucketCount),
    pair: new Tally(bucketCount),
    gram: new Tally(bucketCount),
  }
  readonly #idf: Uint8Array

  /** @param idf the `idf` of a fitted embedder: one byte for each bucket. */
  constructor(idf: Uint8Array) {
    if (idf.length !== bucketCount) {
      throw new RangeError(`idf has ${idf.length} bytes; expected ${bucketCount}, one for each bucket`)
    }
    this.#idf = idf
  }

  /** Learns how rare each feature is in `texts`; what occurs in none of them will count for nothing. */
  static fit(texts: readonly EmbeddedText[]): TextEmbedder {
    const embedder = new TextEmbedder(new Uint8Array(bucketCount))
    const frequencies = new Uint32Array(bucketCount)
    const isWord = new Uint8Array(bucketCount)
    for (const text of texts) {
      embedder.#countDocument(text)
      for (const kind of featureKinds) {
        embedder.#tallies[kind].each((bucket) => {
          frequencies[bucket] = (frequencies[bucket] as number) + 1
        })
      }
      embedder.#tallies.word.each((bucket) => {
        isWord[bucket] = 1
      })
      embedder.#clear()
    }
    const enough = Math.max(1, Math.round(texts.length / documentsPerOccurrence))
    frequencies.forEach((frequency, bucket) => {
      if (frequency < (isWord[bucket] === 1 ? 1 : enough)) return
      const idf = Math.log((texts.length + 1) / (frequency + 1))
      embedder.#idf[bucket] = Math.max(1, Math.min(255, Math.round(idf * idfSteps)))
    })
    return embedder
  }

  /** Rarity of each bucket, in steps of 1/16: all that another embedder needs to give the same vectors. */
  get idf(): Uint8Array {
    return this.#idf
  }

  /**
   * Writes the embedding of a document to `target`: {@link embeddingDimension} floats of Euclidean length 1. A document without
   * any known word gets a direction made from its text.
   */
  embedDocument(document: EmbeddedText, target: Float32Array): void {
    this.#countDocument(document)
    this.#project(target, hashText(document.text))
  }

  /** The embedding of a question: {@link embeddingDimension} floats of length 1, or zeros if it holds no known word. */
  embed(text: string): Float32Array {
    const vector = new Float32Array(embeddingDimension)
    this.#lexicon.count(text, 1, this.#tallies)
    this.#project(vector)
    return vector
  }

  #countDocument(document: EmbeddedText): void {
    this.#lexicon.count(document.text, 1, this.#tallies)
    this.#lexicon.count(document.title, titleAmount, this.#tallies)
    this.#lexicon.count(pathWords(document.file), 1, this.#tallies)
  }

  /** Projects what has been counted and clears the tallies. */
  #project(target: Float32Array, fallback?: number): void {
    const sum = new Float64Array(embeddingDimension)
    const wordSquares = this.#squares('word') + this.#squares('identifier') + this.#squares('pair')
    const gramSquares = this.#squares('gram')
    const wordScale = wordSquares === 0 ? 0 : Math.sqrt((1 - gramShare) / wordSquares)
    const gramScale = gramSquares === 0 ? 0 : Math.sqrt(gramShare / gramSquares)
    for (const kind of featureKinds) {
      const scale = kind === 'gram' ? gramScale : wordScale
      this.#tallies[kind].each((bucket, count) =>
        project(bucket, this.#weight(kind, bucket, count) * scale, sum),
      )
    }
    if (wordSquares + gramSquares === 0 && fallback !== undefined) project(fallback, 1, sum)
    const length = Math.sqrt(sum.reduce((squares, value) => squares + value * value, 0))
    target.set(sum.map((value) => (length === 0 ? 0 : value / length)))
    this.#clear()
  }

  #squares(kind: FeatureKind): number {
    let squares = 0
    this.#tallies[kind].each((bucket, count) => {
      squares += this.#weight(kind, bucket, count) ** 2
    })
    return squares
  }

  #weight(kind: FeatureKind, bucket: number, count: number): number {
    return (1 + Math.log(count)) * ((this.#idf[bucket] as number) / idfSteps) * kindWeights[kind]
  }

  #clear(): void {
    for (const kind of featureKinds) this.#tallies[kind].clear()
  }
}

/** The path without its file extension and without the folder that all packages are in. */
function pathWords(file: string): string {
  return file.replace(/^node_modules\//, '').replace(/(?:\.d)?\.\w+$/, '')
}
