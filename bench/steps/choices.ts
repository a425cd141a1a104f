/** segvec with some of its steps left out, each in a process of its own. */
import { execFileSync } from 'node:child_process'
import { instructionSets } from 'segvec'
import type { PeerChoice } from '../ann/runner.ts'

/** What a distance on floats has no use for. */
const isForCodesOnly = (set: string) => /vnni|dot/.test(set)

/**
 * Starts a program with huge pages switched off for the process and all it starts: `prctl(PR_SET_THP_DISABLE)`, on Linux, by way
 * of Python, as Node has no such call.
 */
const withoutHugePages = [
  'python3',
  '-c',
  'import ctypes, os, sys; assert ctypes.CDLL(None).prctl(41, 1, 0, 0, 0) == 0; os.execv(sys.argv[1], sys.argv[1:])',
] as const

function canDisableHugePages(): boolean {
  if (process.platform !== 'linux') return false
  try {
    execFileSync(withoutHugePages[0], [...withoutHugePages.slice(1), '/bin/true'])
    return true
  } catch {
    return false
  }
}

const forced = (name: string, adapter: string, set: string): PeerChoice => ({
  name,
  adapter,
  environment: { SEGVEC_SIMD: set },
})

/** From the least to all that there is; the last ones take one thing away again. */
export function stepChoices(): PeerChoice[] {
  const { available, selected } = instructionSets()
  const ascending = [...available].sort((a, b) => rank(a) - rank(b))
  return [
    ...ascending
      .filter((set) => !isForCodesOnly(set))
      .map((set) => forced(`floats, ${set}`, 'segvec none', set)),
    ...ascending.map((set) => forced(`codes, ${set}`, 'segvec', set)),
    ...(canDisableHugePages()
      ? [{ name: `codes, ${selected}, no huge pages`, adapter: 'segvec', launcher: withoutHugePages }]
      : []),
  ]
}

const order = ['scalar', 'neon', 'neondot', 'avx2', 'avx512', 'avx512vnni']
const rank = (set: string) => order.indexOf(set)
