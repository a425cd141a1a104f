import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { thisMachine } from '../ann/machine.ts'
import type { Outcome } from './proof.ts'

const root = resolve(import.meta.dirname, '../..')

interface Run extends Outcome {
  readonly goal: string
  readonly claim: string
  readonly seed: number
  readonly isQuick: boolean
  readonly seconds: number
}

/** Adds when, where and on which sources it was run; writes it to `<goal>.json` if asked to. */
export function store(run: Run, isStored: boolean) {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  const record = {
    ...run,
    seconds: Number(run.seconds.toFixed(1)),
    date: new Date().toISOString(),
    commit: git('rev-parse', 'HEAD'),
    // What was proved, whatever became of the commit.
    sources: { native: git('rev-parse', 'HEAD:native'), src: git('rev-parse', 'HEAD:src') },
    hasLocalChanges: git('status', '--porcelain', '--', 'native', 'src') !== '',
    node: process.version,
    machine: thisMachine(),
  }
  if (isStored) {
    const folder = join(root, 'bench/results/reliability')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${run.goal}.json`), `${JSON.stringify(record, null, 1)}\n`)
  }
  return record
}
