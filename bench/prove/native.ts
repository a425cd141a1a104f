import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import type { Outcome, ProofOptions } from './proof.ts'

export const root = resolve(import.meta.dirname, '../..')

/** How many times as much as in CI a test tries in a full run; see native/test/support/prove.h. */
const fullScale = 8

/** Builds a target of the C++ tests as they are shipped; what fails is thrown. */
export function build(target: string, preset = 'release', definitions: readonly string[] = []): void {
  const run = (args: readonly string[]) => {
    const { status, stderr, stdout } = spawnSync('cmake', args, { cwd: root, encoding: 'utf8' })
    if (status !== 0) throw new Error(`cmake ${args.join(' ')} failed:\n${stdout}${stderr}`)
  }
  run(['--preset', preset, ...definitions])
  run(['--build', '--preset', preset, '--target', target, '--parallel', '2'])
}

export const binary = (target: string, preset = 'release') =>
  join(root, 'build', preset, 'native/test', target)

/** Runs test cases of a C++ test binary with the seed and the size of a proof; their messages are figures. */
export function runCases(
  target: string,
  cases: readonly string[],
  { seed, isQuick }: ProofOptions,
  environment: NodeJS.ProcessEnv = {},
): Outcome {
  build(target)
  const { status, signal, stdout } = spawnSync(binary(target), [`--test-case=${cases.join(',')}`], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: {
      ...process.env,
      SEGVEC_PROVE_SEED: String(seed),
      SEGVEC_PROVE_SCALE: String(isQuick ? 1 : fullScale),
      ...environment,
    },
  })
  const figures: Record<string, number> = {}
  const add = (name: string, count: number) => {
    figures[name] = (figures[name] ?? 0) + count
  }
  for (const [, count, what] of stdout.matchAll(/MESSAGE: (\d+) (.+)/g)) add(what as string, Number(count))
  const summary = /test cases: *(\d+) \| *(\d+) passed \| *(\d+) failed/.exec(stdout)
  add('test cases', Number(summary?.[1] ?? 0))
  add('assertions', Number(/assertions: *(\d+)/.exec(stdout)?.[1] ?? 0))
  const violations = []
  if (signal !== null) violations.push(`${target} was killed by ${signal}`)
  else if (status !== 0) violations.push(`${target}: ${stdout.slice(-4000)}`)
  if (Number(summary?.[1] ?? 0) === 0) violations.push(`${target} has no test case ${cases.join(', ')}`)
  return { figures, violations }
}

/** Several outcomes as one; figures of the same name are added up. */
export function together(outcomes: readonly Outcome[]): Outcome {
  const figures: Record<string, number | string> = {}
  for (const outcome of outcomes) {
    for (const [name, value] of Object.entries(outcome.figures)) {
      const before = figures[name]
      figures[name] = typeof value === 'number' && typeof before === 'number' ? before + value : value
    }
  }
  return { figures, violations: outcomes.flatMap(({ violations }) => violations) }
}
