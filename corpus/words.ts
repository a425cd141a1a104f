import { stemmer } from 'stemmer'

/** English function words, which say nothing about the subject. */
const stopWords = new Set(
  `a about after all also an and any are as at be because been before being below between both but by can cannot could did
  do does doing done during each either else etc few for from further had has have having he her here hers him his how i if
  in into is it its itself just like may me might more most must my no nor not now of off on once only or other our out over
  own same shall she should so some such than that the their them then there these they this those through to too under
  until up upon us use used uses using very via was we were what when where whether which while who whom why will with
  within would you your yours`.split(/\s+/),
)

/** Runs of letters, digits, `_` and `$`; an apostrophe inside a word belongs to it. */
export const tokenPattern = /[\p{L}\p{N}_$]+(?:['’]\p{L}+)?/gu

/** Tokens longer than this are encoded data. */
export const maxTokenLength = 60

/**
 * Splits an identifier into its words, lower-cased: `readFileSync` → read, file, sync; `HTTPServer_v2` → http, server,
 * v2. A plain word is returned as it is.
 */
export function identifierWords(token: string): string[] {
  return token
    .replace(/['’].*$/u, '')
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[\s_$]+/u)
    .filter((word) => word.length > 0)
}

export function isStopWord(word: string): boolean {
  return stopWords.has(word)
}

/** The word without its English ending (M. F. Porter, An algorithm for suffix stripping, 1980); other scripts pass unchanged. */
export function stem(word: string): string {
  return /^[a-z]{3,}$/.test(word) ? stemmer(word) : word
}
