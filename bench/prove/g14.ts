import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { instructionSets } from 'segvec'
import { root, runCases, together } from './native.ts'
import type { Outcome, Proof } from './proof.ts'

const program = join(root, 'bench/prove/programs/answers.mjs')

/** What an index answers when it is built and searched with one instruction set. */
function answersOf(set: string, seed: number, rowCount: number): string {
  const end = spawnSync(process.execPath, [program, String(seed), String(rowCount)], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, SEGVEC_SIMD: set },
  })
  return end.status === 0 ? end.stdout : `ended with ${end.status}: ${end.stderr}`
}

function instructionSetsAgree(seed: number, rowCount: number): Outcome {
  const sets = instructionSets().available
  const answers = sets.map((set) => answersOf(set, seed, rowCount))
  const violations = sets
    .filter((_, i) => answers[i] !== answers[0] || !answers[i]?.startsWith('{'))
    .map((set) => `${set} answers otherwise than ${sets[0]}`)
  return { figures: { 'instruction sets': sets.join(' '), 'queries per set': 600 }, violations }
}

export const g14: Proof = {
  claim:
    'same seed, same bytes, for any number of threads; golden files of every format open; a newer format says so; instruction sets agree on ids',
  run: (options) =>
    together([
      runCases('test_storage', ['Golden*', 'Crafted: *format*,Crafted: *version*'], options),
      runCases('test_index', ['Determinism*', 'IndexBundle: *format 1*'], options),
      instructionSetsAgree(options.seed, options.isQuick ? 2000 : 20_000),
    ]),
}
