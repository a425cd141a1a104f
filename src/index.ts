export type { AddOptions } from './add-options.ts'
export type { NumericArray } from './arrays.ts'
export type { CompactOptions } from './compact-options.ts'
export type {
  DirectoryReport,
  SegmentCheck,
  StoredFile,
  StoredFileKind,
  StoredGeneration,
  StoredSegment,
} from './directory-report.ts'
export { errorCodes, SegvecError, type SegvecErrorCode } from './errors.ts'
export type { Evaluation } from './evaluate.ts'
export type { Id, IdColumn, Ids, IdType } from './ids.ts'
export type {
  Compaction,
  IdTypeOption,
  IndexOptions,
  IndexSettings,
  Metric,
  Quantization,
} from './index-options.ts'
export { type InstructionSets, instructionSets } from './instruction-sets.ts'
export type { FromBufferOptions, OpenOptions } from './open-options.ts'
export type { AddProgress, CompactProgress, OpenProgress, VerifyProgress } from './progress.ts'
export type { RemoveOptions } from './remove-options.ts'
export type { BatchHits, SearchHit } from './results.ts'
export type { EvaluateOptions, SearchOptions, SearchSyncOptions } from './search-options.ts'
export type {
  CalibrationStats,
  CompactionStats,
  IndexStats,
  RecallCurve,
  SegmentStats,
  StorageStats,
} from './stats.ts'
export type { StoreOptions } from './store-options.ts'
export { type IndexEntry, VectorIndex } from './vector-index.ts'
export type { Vector, Vectors } from './vectors.ts'
export type { VerifyOptions } from './verify-options.ts'
