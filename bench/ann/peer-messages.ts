/** What the runner and a peer's process say to each other. */
import type { BuildParameters, SearchParameters, SearchPass } from './adapters/adapter.ts'

export type PeerRequest =
  | { readonly kind: 'prepare'; readonly adapter: string; readonly setFolder: string }
  | { readonly kind: 'build'; readonly parameters: BuildParameters }
  | { readonly kind: 'search'; readonly parameters: SearchParameters }

export interface PeerDescription {
  readonly name: string
  readonly group: string
  readonly version: string
  readonly notes: string
  readonly threadCounts: readonly number[]
  readonly variants: readonly string[]
}

export interface BuildAnswer {
  readonly seconds: number
  /** Processor time of all threads; about `threads * seconds` where a package keeps to its thread count. */
  readonly cpuSeconds: number
  readonly bytesPerVector?: number
}

export interface PeerAnswers {
  readonly prepare: PeerDescription
  readonly build: BuildAnswer
  readonly search: SearchPass
}

export type PeerReply = { readonly answer: unknown } | { readonly error: string }
