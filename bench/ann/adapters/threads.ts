import { availableParallelism } from 'node:os'

/** One thread, and as many as the machine runs at once. */
export const oneAndAllThreads: readonly number[] = [...new Set([1, availableParallelism()])]
