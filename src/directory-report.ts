import { fromNative, type SegvecError } from './errors.ts'
import type { IndexSettings } from './index-options.ts'
import type { NativeDirectoryReport } from './native/addon.ts'

/** What a file in the directory of an index is for. */
export type StoredFileKind = 'manifest' | 'segment' | 'tombstones' | 'strings' | 'log' | 'lock' | 'foreign'

/** What the vectors and the graph of a segment are like, beyond being those that were written. */
export interface SegmentCheck {
  /** Places of vectors, dead ones included. */
  readonly slotCount: number
  readonly vectorCount: number
  /** False for one so small that it is scanned. */
  readonly hasGraph: boolean
  /** Vectors under an id that another one has; 0 in a sound segment. */
  readonly duplicateIdCount: number
  /** Vectors whose 8-bit codes are not theirs; 0 in a sound segment. */
  readonly wrongCodeCount: number
  /**
   * Vectors that no link of the graph leads to, so that only an exact search finds them. A figure of quality, not a fault: where
   * all rows of links are full, one may be left out.
   */
  readonly unreachableCount: number
  /** Stored vectors that were searched for. */
  readonly probeCount: number
  /** Of these, the ones that a search did not return: a figure of quality, not a fault. */
  readonly lostCount: number
  /** The share of the probes' true 10 nearest that searches with `ef` 100 found; 1 without a graph. */
  readonly recall: number
}

/** One file in the directory of an index. */
export interface StoredFile {
  readonly name: string
  readonly kind: StoredFileKind
  /**
   * `'ok'`, as far as was looked; `'damaged'`; `'missing'`: a manifest names it; `'unused'`: of no generation, being written or
   * left by a crash until the next commit; `'foreign'`: not a file of an index.
   */
  readonly state: 'ok' | 'damaged' | 'missing' | 'unused' | 'foreign'
  readonly bytes: number
  /** The commit that wrote it; `undefined` for the lock and foreign files. */
  readonly generation: number | undefined
  /** The generations that it belongs to, newest first. */
  readonly generations: readonly number[]
  /** Of a damaged or missing file; `offset` and `section` say where the damage is. */
  readonly error: SegvecError | undefined
  /** Of a segment that `verify` has read. */
  readonly check: SegmentCheck | undefined
}

/** A segment as a manifest has it. */
export interface StoredSegment {
  readonly number: number
  readonly vectorCount: number
  /** Places of vectors that were removed or replaced. */
  readonly deadCount: number
  /** Size of its file; tombstones and string ids are in files of their own. */
  readonly bytes: number
  readonly file: string
}

/** One state of the index that can be opened. */
export interface StoredGeneration {
  readonly generation: number
  /** The first thing that is wrong with it, as far as was looked. */
  readonly error: SegvecError | undefined
  /** The rest is `undefined` where the manifest cannot be read. Changes that were logged after it are not counted. */
  readonly vectorCount: number | undefined
  /** What the index was made with. */
  readonly options: Omit<IndexSettings, 'threads' | 'compaction'> | undefined
  readonly segments: readonly StoredSegment[] | undefined
}

/** What is in the directory of an index. */
export interface DirectoryReport {
  readonly directory: string
  /** True when there is a generation, and no file that belongs to one is damaged or missing, as far as was looked. */
  readonly isSound: boolean
  /** Newest first. */
  readonly generations: readonly StoredGeneration[]
  /** By name. */
  readonly files: readonly StoredFile[]
}

export function reportOf(directory: string, report: NativeDirectoryReport): DirectoryReport {
  const { isSound, generations, files } = report
  return {
    directory,
    isSound,
    generations: generations.map(({ generation, error, vectorCount, options, segments }) => ({
      generation,
      error: error && fromNative(error),
      vectorCount,
      options: options && withoutRuntime(options),
      segments,
    })),
    files: files.map(({ error, check, ...file }) => ({ ...file, error: error && fromNative(error), check })),
  }
}

/** Options that are stored: the others are chosen anew whenever the index is opened. */
function withoutRuntime({ threads: _, compaction: __, ...stored }: IndexSettings) {
  return stored
}
