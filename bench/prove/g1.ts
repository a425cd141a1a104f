import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killCycle } from '../../test/support/kill-cycle.ts'
import { type Acknowledged, killCycleOfLog } from '../../test/support/kill-cycle-of-log.ts'
import { Random } from '../../test/support/random.ts'
import { binary, build, together } from './native.ts'
import type { Outcome, Proof } from './proof.ts'

const cycles = { full: { native: 10_000, node: 300 }, quick: { native: 200, node: 10 } }

function native(folder: string, count: number, seed: number): Promise<Outcome> {
  build('kill_cycles')
  const child = spawn(binary('kill_cycles'), [folder, String(count), String(seed)])
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    stderr += text
  })
  return new Promise((settle) => {
    child.on('close', (code) => {
      const figures = code === 2 ? {} : JSON.parse(stdout)
      settle({ figures, violations: code === 0 ? [] : [`kill_cycles ended with ${code}: ${stderr}`] })
    })
  })
}

async function throughNode(path: string, count: number, seed: number): Promise<Outcome> {
  const random = new Random(seed)
  const violations: string[] = []
  let commits = 0
  for (let cycle = 0; cycle < count; ++cycle) {
    // A fresh directory now and then: the sizes grow.
    const { acknowledged, violation } = await killCycle(
      `${path}-${Math.floor(cycle / 20)}`,
      random.below(250),
    )
    commits += acknowledged
    if (violation !== undefined) violations.push(`cycle ${cycle} through Node: ${violation}`)
  }
  return { figures: { nodeCycles: count, nodeAcknowledgedCommits: commits }, violations }
}

async function throughNodeWithLog(path: string, count: number, seed: number): Promise<Outcome> {
  const random = new Random(seed)
  const violations: string[] = []
  let logged = 0
  let acknowledged: Acknowledged = new Map()
  for (let cycle = 0; cycle < count; ++cycle) {
    if (cycle % 20 === 0) acknowledged = new Map()
    const { changes, violation } = await killCycleOfLog(
      `${path}-${Math.floor(cycle / 20)}`,
      random.below(250),
      acknowledged,
    )
    logged += changes
    if (violation !== undefined) violations.push(`cycle ${cycle} through Node, logged: ${violation}`)
  }
  return { figures: { nodeLoggedCycles: count, nodeAcknowledgedLoggedChanges: logged }, violations }
}

export const g1: Proof = {
  claim:
    "killed at any moment: no acknowledged commit lost, nor any acknowledged change with durability: 'log'; no directory that does not open, nothing else in it",
  async run({ seed, isQuick }) {
    const { native: nativeCount, node } = isQuick ? cycles.quick : cycles.full
    const folder = mkdtempSync(join(tmpdir(), 'segvec-prove-'))
    const outcomes = [
      await native(folder, nativeCount, seed),
      await throughNode(join(folder, 'node'), node / 2, seed),
      await throughNodeWithLog(join(folder, 'logged'), node / 2, seed),
    ]
    const outcome = together(outcomes)
    if (outcome.violations.length === 0) rmSync(folder, { recursive: true })
    return outcome
  },
}
