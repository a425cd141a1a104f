/**
 * What the demo writes into the page and the page reads back: this as JSON, and three arrays of bytes.
 *
 * Each section is deflated and base64-coded, so no text of a document can end a script element or start a tag.
 */
export interface PageContent {
  /** Chunks in the index; the page shows as many of them as there are `points`. */
  readonly corpusSize: number
  readonly dimension: number
  /** `[name, value]` pairs of what was measured, in the order to show them. */
  readonly figures: readonly (readonly [string, string])[]
  /** By falling number of chunks. */
  readonly packages: readonly string[]
  readonly files: readonly string[]
  readonly points: PagePoints
  readonly answers: readonly PageAnswer[]
}

/** The shown chunks, column by column. `package` and `file` are positions in the lists above. */
export interface PagePoints {
  readonly title: readonly string[]
  /** The beginning of each chunk's text. */
  readonly text: readonly string[]
  readonly package: readonly number[]
  readonly file: readonly number[]
  readonly line: readonly number[]
}

/** A question of the demo with what the index found for it. */
export interface PageAnswer {
  readonly question: string
  /** `[point, distance]`, nearest first. */
  readonly hits: readonly (readonly [number, number])[]
}

/** Names of the sections, which are also the ids of their elements. */
export const sectionNames = ['content', 'codes', 'places', 'idf'] as const
export type SectionName = (typeof sectionNames)[number]

/** Embeddings are rounded to this many steps per unit, one signed byte each: an error of at most 1/256 per value. */
export const codeSteps = 128

/** Places are rounded to this many steps over the width and the height of the map, two unsigned 16-bit numbers each. */
export const placeSteps = 65_535
