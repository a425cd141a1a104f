/** What the runner and a peer's process say to each other. */
import type { BuildParameters, LoadKind, SearchParameters, SearchPass } from './adapters/adapter.ts'
import type { LoadTimes, PageCache } from './load-once.ts'
import type { SavedIndex } from './save-once.ts'
import type { UnderLoadAnswer } from './under-load.ts'

export type PeerRequest =
  | { readonly kind: 'prepare'; readonly adapter: string; readonly setFolder: string }
  | {
      readonly kind: 'build'
      readonly parameters: BuildParameters
      /** As in RunParameters. */
      readonly leastSeconds: number
    }
  | { readonly kind: 'search'; readonly parameters: SearchParameters }
  | { readonly kind: 'latency'; readonly parameters: SearchParameters }
  | { readonly kind: 'batch'; readonly parameters: SearchParameters }
  | { readonly kind: 'save'; readonly newFolder: string }
  | {
      /** Needs nothing before it. */
      readonly kind: 'load'
      readonly adapter: string
      readonly setFolder: string
      readonly folder: string
      readonly way: string
      readonly pageCache: PageCache
      readonly k: number
    }
  | {
      readonly kind: 'underLoad'
      readonly load: LoadKind
      readonly build: BuildParameters
      readonly parameters: SearchParameters
    }

export interface PeerDescription {
  readonly name: string
  readonly group: string
  readonly version: string
  readonly notes: string
  readonly threadCounts: readonly number[]
  readonly variants: readonly string[]
  readonly efStep?: number
  readonly isExact?: boolean
  readonly isInProcess?: boolean
  /** What it can do while it answers searches. */
  readonly loadKinds?: readonly LoadKind[]
}

export interface BuildAnswer {
  /** On average, where it was made several times. */
  readonly seconds: number
  /** How often it was made. */
  readonly count?: number
  /** Processor time of all threads; about `threads * seconds` where a package keeps to its thread count. */
  readonly cpuSeconds: number
  /** As the package reports it, where it does. */
  readonly bytesPerVector?: number
  /** The largest gap between two turns of the event loop of the process that builds, of the first build. */
  readonly largestDelayMs?: number
  /** Resident memory that the first build in the process added; later ones reuse what earlier ones left. */
  readonly residentBytesPerVector?: number
}

/** Percentiles of single searches. */
export interface LatencyAnswer {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maximumMs: number
}

export interface PeerAnswers {
  readonly prepare: PeerDescription
  readonly build: BuildAnswer
  readonly search: SearchPass
  /** `undefined` where the package cannot be timed so. */
  readonly latency: LatencyAnswer | undefined
  /** `undefined` where the package has no batch call. */
  readonly batch: SearchPass | undefined
  /** `undefined` where the package cannot store an index. */
  readonly save: SavedIndex | undefined
  readonly load: LoadTimes
  readonly underLoad: UnderLoadAnswer
}

export type PeerReply = { readonly answer: unknown } | { readonly error: string }
