import { execFileSync } from 'node:child_process'
import { thisMachine } from './machine.ts'
import type { Machine } from './results.ts'

/** Where, when and of which source results were measured. */
export interface RunStamp {
  readonly machine: Machine
  readonly versions: { readonly node: string; readonly commit: string; readonly isDirty: boolean }
  readonly date: string
}

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()

export const runStamp = (): RunStamp => ({
  machine: thisMachine(),
  versions: {
    node: process.version,
    commit: git('rev-parse', 'HEAD'),
    // What a run stores is no change of what it measures.
    isDirty: git('status', '--porcelain', '--', ':/', ':(top,exclude)bench/results') !== '',
  },
  date: new Date().toISOString(),
})
