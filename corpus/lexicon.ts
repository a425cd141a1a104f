import { hashStep, hashText, mixHash } from './hash.ts'
import type { Tally } from './tally.ts'
import { identifierWords, isStopWord, maxTokenLength, stem, tokenPattern } from './words.ts'

/** Features are hashed into this many buckets, so no vocabulary has to be stored or shipped. */
export const bucketCount = 1 << 19

/** The kinds of features, each counted by itself. */
export const featureKinds = ['word', 'identifier', 'pair', 'gram'] as const
export type FeatureKind = (typeof featureKinds)[number]

/** Where the features of a text are counted. */
export type FeatureTallies = Readonly<Record<FeatureKind, Tally>>

const seeds = {
  word: hashText('word'),
  identifier: hashText('identifier'),
  pair: hashText('pair'),
  gram: hashText('gram'),
} as const satisfies Record<FeatureKind, number>

/** Lengths of the character n-grams, in UTF-16 units, the boundaries of the word included. */
const shortestGram = 3
const longestGram = 5
const wordBoundary = 0x20

/** What a distinct token contributes to every text that holds it; worked out once. */
interface TokenFeatures {
  /** Unmixed hashes of the stems of its words, stop words left out. */
  readonly stems: readonly number[]
  readonly words: readonly number[]
  readonly identifiers: readonly number[]
  readonly grams: readonly number[]
}

const nothing: TokenFeatures = { stems: [], words: [], identifiers: [], grams: [] }

/**
 * Turns text into hashed features: the stems of its words, whole identifiers of several words, pairs of
 * neighbouring stems, and the character n-grams of each word.
 *
 * Feature hashing: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", arXiv 0902.2206.
 * Character n-grams inside word boundaries: Bojanowski et al., "Enriching Word Vectors with Subword Information",
 * arXiv 1607.04606.
 */
export class Lexicon {
  readonly #tokens = new Map<string, TokenFeatures>()

  /** Adds `amount` to the tally of every feature of `text`, once for each occurrence. */
  count(text: string, amount: number, tallies: FeatureTallies): void {
    let previous: number | undefined
    for (const token of text.match(tokenPattern) ?? []) {
      const { stems, words, identifiers, grams } = this.#lookUp(token)
      for (const bucket of words) tallies.word.add(bucket, amount)
      for (const bucket of identifiers) tallies.identifier.add(bucket, amount)
      for (const bucket of grams) tallies.gram.add(bucket, amount)
      for (const hash of stems) {
        if (previous !== undefined)
          tallies.pair.add(bucketOf(Math.imul(previous, 31) + hash + seeds.pair), amount)
        previous = hash
      }
    }
  }

  #lookUp(token: string): TokenFeatures {
    let found = this.#tokens.get(token)
    if (found === undefined) {
      found = token.length > maxTokenLength ? nothing : tokenFeatures(token)
      this.#tokens.set(token, found)
    }
    return found
  }
}

function tokenFeatures(token: string): TokenFeatures {
  const words = identifierWords(token).filter((word) => !isStopWord(word))
  const stems = words.map((word) => hashText(stem(word), seeds.word))
  return {
    stems,
    words: stems.map(bucketOf),
    identifiers: words.length > 1 ? [bucketOf(hashText(token.toLowerCase(), seeds.identifier))] : [],
    grams: words.flatMap(characterGrams),
  }
}

/** Buckets of the n-grams of the word between two boundaries, hashed in place: no substring is made. */
function characterGrams(word: string): number[] {
  const unitAt = (at: number): number => (at < 0 || at >= word.length ? wordBoundary : word.charCodeAt(at))
  const end = word.length + 1
  const buckets: number[] = []
  for (let start = -1; start + shortestGram <= end; start++) {
    let hash: number = seeds.gram
    for (let length = 1; length <= longestGram && start + length <= end; length++) {
      hash = hashStep(hash, unitAt(start + length - 1))
      if (length >= shortestGram) buckets.push(bucketOf(hash))
    }
  }
  return buckets
}

function bucketOf(hash: number): number {
  return mixHash(hash) & (bucketCount - 1)
}
