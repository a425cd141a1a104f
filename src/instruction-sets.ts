import { fromNative } from './errors.ts'
import { loadAddon } from './native/load.ts'

/** The instruction sets that distances can be computed with. */
export interface InstructionSets {
  /** The one in use. */
  readonly selected: string
  /** All that this machine can run, best first. */
  readonly available: readonly string[]
}

/**
 * Tells which instruction sets this machine can run and which one is in use.
 *
 * @throws {SegvecError} `LOAD_FAILED`.
 * @example
 * instructionSets() // { selected: 'avx512', available: ['avx512', 'avx2', 'scalar'] }
 */
export function instructionSets(): InstructionSets {
  const addon = loadAddon()
  try {
    return addon.instructionSets()
  } catch (error) {
    throw fromNative(error)
  }
}
