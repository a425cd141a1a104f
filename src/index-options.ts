import { availableParallelism } from 'node:os'
import { SegvecError } from './errors.ts'
import { type IdType, idTypes } from './ids.ts'
import { booleanOption, choiceOption, integerOption, type RawOptions, readOptions } from './option-reader.ts'

/**
 * What `distance` means: `l2` is the squared Euclidean distance, `cosine` is 1 - cosine similarity, `ip` is
 * 1 - dot product. Smaller is nearer under all three.
 */
export type Metric = 'l2' | 'cosine' | 'ip'

/** The form of the vectors that a graph is built and walked on. */
export type Quantization = 'int8' | 'none'

/** When segments are merged: on their own, or by `compact()` alone. */
export type Compaction = 'background' | 'manual'

/** What a `VectorIndex` is made with; everything but `dimension` can be left out. */
export interface IndexOptions<T extends IdType = 'number'> {
  /** Values per vector, 1 to 4096. */
  readonly dimension: number
  /** How distance is measured; `'cosine'` if left out. */
  readonly metric?: Metric | undefined
  /** What ids are, in and out: `'number'` (safe integers >= 0; if left out), `'bigint'` (0 to 2^64 - 1) or `'string'`. */
  readonly idType?: T | undefined
  /** Neighbours kept per vector (twice as many on the lowest level), 2 to 128; 16 if left out. */
  readonly M?: number | undefined
  /** Candidates examined when a vector is linked into the graph, 1 to 4096; 200 if left out. */
  readonly efConstruction?: number | undefined
  /**
   * What graphs are built and walked on: `'int8'` (if left out) on 8-bit codes of the vectors, with the best hits
   * measured on the floats, or `'none'` on the floats themselves.
   */
  readonly quantization?: Quantization | undefined
  /**
   * Whether the floats are kept beside their 8-bit codes; `true` if left out. With `false`, a quarter of the memory holds a
   * vector, and `get`, `entries` and distances are those of the codes. They are exact for bytes under `l2` and signed bytes
   * under `ip`. Elsewhere a component is off by at most a 460th of the range of the widest component of its segment (under
   * `cosine` of vectors of length 1; under `ip` a 254th of the largest magnitude), and recall against the true vectors levels
   * off around 0.97 to 0.99, whatever `ef`. Not with `quantization: 'none'`.
   *
   * @example
   * new VectorIndex({ dimension: 128, metric: 'l2', keepVectors: false })
   */
  readonly keepVectors?: boolean | undefined
  /** Native threads one call may use, 1 to 256; as many as the machine can run at once if left out. */
  readonly threads?: number | undefined
  /**
   * Segments that an `add` fills side by side, 1 to 256; 1 if left out. One segment is searched fastest and is built by
   * all threads together; with several, each is built by its own share of the threads.
   */
  readonly growingSegments?: number | undefined
  /**
   * Vectors per segment before it is sealed and a new one begun, 1 to 2^31 - 1; 1,048,576 if left out. No segment has more than
   * 8 GiB of floats, which are 699,050 vectors of 3,072.
   */
  readonly segmentCapacity?: number | undefined
  /**
   * Whether segments are merged on their own: `'background'` (if left out) as soon as it is worth it (more than 30 % of one was
   * removed, and 1,024 vectors at least, or four of about one size are sealed and fit into one), `'manual'` only by `compact()`.
   * Where the one in the background has merged depends on timing; what an exact search finds does not.
   */
  readonly compaction?: Compaction | undefined
  /** Seed of everything random, 0 to 2^32 - 1; 1 if left out. The same calls build the same index, whatever `threads`
   * (where something was removed or committed, with `compaction: 'manual'`). */
  readonly seed?: number | undefined
}

/** Where ids are not numbers, `idType` has to be given, so that no index is declared to have other ids than it has. */
export type IdTypeOption<T extends IdType> = 'number' extends T
  ? { readonly idType?: T | undefined }
  : { readonly idType: T }

/** The options that an index is made with. */
export const indexOptionNames = [
  'dimension',
  'metric',
  'idType',
  'M',
  'efConstruction',
  'quantization',
  'keepVectors',
  'threads',
  'growingSegments',
  'segmentCapacity',
  'compaction',
  'seed',
] as const
const metrics = ['l2', 'cosine', 'ip'] as const
const quantizations = ['int8', 'none'] as const
const compactions = ['background', 'manual'] as const
export const mostThreads = 256

/** `IndexOptions` with every value checked and filled in. */
export type IndexSettings<T extends IdType = IdType> = {
  readonly [Name in keyof IndexOptions<T>]-?: NonNullable<IndexOptions<T>[Name]>
}

/** Reads a constructor's options. @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function readIndexOptions(options: unknown): IndexSettings {
  return settingsOf(readOptions(options, indexOptionNames))
}

/** Checks and fills in options that have been copied. @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function settingsOf(raw: RawOptions<(typeof indexOptionNames)[number]>) {
  const quantization = choiceOption('quantization', raw.quantization, quantizations, 'int8')
  const keepVectors = booleanOption('keepVectors', raw.keepVectors, true)
  if (!keepVectors && quantization === 'none') {
    throw new SegvecError(
      'INVALID_ARGUMENT',
      "keepVectors is false and quantization 'none'; expected quantization 'int8' where vectors are not kept",
    )
  }
  return Object.freeze({
    dimension: integerOption('dimension', raw.dimension, 1, 4096),
    metric: choiceOption('metric', raw.metric, metrics, 'cosine'),
    idType: choiceOption('idType', raw.idType, idTypes, 'number'),
    M: integerOption('M', raw.M, 2, 128, 16),
    efConstruction: integerOption('efConstruction', raw.efConstruction, 1, 4096, 200),
    quantization,
    keepVectors,
    growingSegments: integerOption('growingSegments', raw.growingSegments, 1, mostThreads, 1),
    threads: integerOption(
      'threads',
      raw.threads,
      1,
      mostThreads,
      Math.min(availableParallelism(), mostThreads),
    ),
    segmentCapacity: integerOption('segmentCapacity', raw.segmentCapacity, 1, 2 ** 31 - 1, 1_048_576),
    compaction: choiceOption('compaction', raw.compaction, compactions, 'background'),
    seed: integerOption('seed', raw.seed, 0, 2 ** 32 - 1, 1),
  })
}
