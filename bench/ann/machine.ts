import { cpus, release, totalmem } from 'node:os'
import { instructionSets } from 'segvec'
import type { Machine } from './results.ts'

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  memoryBytes: totalmem(),
  platform: `${process.platform} ${process.arch}, ${release()}`,
  instructionSets: instructionSets(),
})
