import { signalOption } from './abort.ts'
import { functionOption, integerOption, readOptions } from './option-reader.ts'
import type { VerifyProgress } from './progress.ts'

/** Options of `verify`. */
export interface VerifyOptions {
  /** Stored vectors of each segment that are searched for, to measure recall against an exact scan: 32 if left out, 0 for none. */
  readonly probes?: number | undefined
  /** Abandons the verification: it rejects with `ABORTED`. */
  readonly signal?: AbortSignal | undefined
  /** Called about every 100 ms, and once at the end. If it throws, `verify` is cancelled and rejects with what was thrown. */
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined
}

const mostProbes = 10_000

/** Reads the options of `verify`. @throws {SegvecError} `INVALID_ARGUMENT`, naming the option. */
export function readVerifyOptions(options: unknown) {
  const { probes, signal, onProgress } = readOptions(options, ['probes', 'signal', 'onProgress'])
  return {
    probes: integerOption('probes', probes, 0, mostProbes, 32),
    signal: signalOption(signal),
    onProgress: functionOption<NonNullable<VerifyOptions['onProgress']>>('onProgress', onProgress),
  }
}
