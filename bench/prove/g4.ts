import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, together } from './native.ts'
import type { Outcome, Proof } from './proof.ts'

const folder = join(root, 'build/fuzz')
const compiler = 'clang++-16'
const seconds = { full: 300, quick: 15 }
const fuzzers = ['open_fuzzer', 'operations_fuzzer']

function run(command: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  return { status, output: `${stdout}${stderr}` }
}

function fuzz(name: string, seed: number, mostSeconds: number): Outcome {
  const corpus = join(folder, `${name}-corpus`)
  mkdirSync(corpus, { recursive: true })
  if (name === 'open_fuzzer') cpSync(join(root, 'native/test/golden/format-1'), corpus, { recursive: true })
  const { status, output } = run(join(folder, name), [
    `-seed=${seed}`,
    `-max_total_time=${mostSeconds}`,
    '-timeout=10',
    '-malloc_limit_mb=32',
    '-rss_limit_mb=1024',
    '-print_final_stats=1',
    `-artifact_prefix=${folder}/`,
    corpus,
  ])
  const statistic = (what: string) => Number(new RegExp(`stat::${what}: *(\\d+)`).exec(output)?.[1] ?? 0)
  const inputs = statistic('number_of_executed_units')
  const violations =
    status === 0 && inputs > 0 ? [] : [`${name} ended with ${status}: ${output.slice(-4000)}`]
  return {
    figures: { [`${name} inputs`]: inputs, [`${name} largest MiB`]: statistic('peak_rss_mb') },
    violations,
  }
}

export const g4: Proof = {
  claim:
    'fuzzed files (half of them with checksums that fit) and sequences of calls: no crash, no hang, no leak, no wrong answer',
  run({ seed, isQuick }) {
    if (run(compiler, ['--version']).status !== 0) {
      return {
        figures: {},
        violations: [],
        skipped: `${compiler} is missing (apt-get install clang-16 libclang-rt-16-dev)`,
      }
    }
    const configured = run('cmake', [
      ...['-S', root, '-B', folder, `-DCMAKE_CXX_COMPILER=${compiler}`],
      ...['-DSEGVEC_BUILD_FUZZERS=ON', '-DCMAKE_BUILD_TYPE=None'],
    ])
    const built = run('cmake', ['--build', folder, '--parallel', '2', '--target', ...fuzzers])
    if (built.status !== 0 || !existsSync(join(folder, 'open_fuzzer'))) {
      throw new Error(`the fuzzers do not build:\n${configured.output}${built.output}`)
    }
    const share = (isQuick ? seconds.quick : seconds.full) / fuzzers.length
    return together(fuzzers.map((name) => fuzz(name, seed, share)))
  },
}
