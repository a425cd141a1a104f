import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from './adapters/scratch-folder.ts'
import type { DataSet } from './data-sets.ts'
import { writeSet } from './set-files.ts'

export interface EncodeTimes {
  readonly rows: number
  /** Finding the range of the values, and writing the codes: one thread, in processor time. */
  readonly fitSeconds: number
  readonly encodeSeconds: number
}

/** Builds bench/native/encode.cc and runs it on the set; `undefined`, with the reason in the log, where that fails. */
export function measureEncoding(set: DataSet, log: (text: string) => void): EncodeTimes | undefined {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const quietly = { cwd: root, stdio: ['ignore', 'ignore', 2] as ['ignore', 'ignore', number] }
  const scratch = scratchFolder()
  try {
    execFileSync('cmake', ['--preset', 'release', '-DSEGVEC_BUILD_TESTS=OFF', '-B', 'build/bench'], quietly)
    execFileSync('cmake', ['--build', 'build/bench', '--parallel', '2', '--target', 'bench_encode'], quietly)
    writeSet(scratch.path, set)
    const program = join(root, 'build/bench/bench/native/bench_encode')
    const args = [set.metric, String(set.dimension), join(scratch.path, 'base.f32')]
    return JSON.parse(execFileSync(program, args, { encoding: 'utf8' })) as EncodeTimes
  } catch (error) {
    log(`encoding is not measured: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  } finally {
    scratch.remove()
  }
}
