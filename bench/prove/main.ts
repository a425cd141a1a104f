/**
 * Proves one of the goals of docs/reliability.md: prints seed, counts, time and machine, exits with 1 on a violation, and
 * stores what it printed in bench/results/reliability/ (a quick run stores nothing).
 *
 *   npm run prove:g1 -- [--seed 1] [--quick] [--no-store]
 */
import { parseArgs } from 'node:util'
import { proofs } from './proofs.ts'
import { store } from './record.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    store: { type: 'boolean', default: true },
  },
  allowNegative: true,
})
const [goal = ''] = positionals
const proof = proofs[goal]
const seed = Number(values.seed)
if (proof === undefined || !Number.isSafeInteger(seed) || seed < 0) {
  console.error(`expected a goal (${Object.keys(proofs).join(', ')}), and --seed as a whole number`)
  process.exit(2)
}

console.log(`${goal}: ${proof.claim}`)
const startMs = performance.now()
const outcome = await proof.run({ seed, isQuick: values.quick })
const seconds = (performance.now() - startMs) / 1000
if (outcome.skipped !== undefined) {
  console.log(`skipped: ${outcome.skipped}`)
} else {
  const record = store(
    { goal, claim: proof.claim, seed, isQuick: values.quick, seconds, ...outcome },
    values.store && !values.quick,
  )
  console.log(JSON.stringify(record, null, 1))
  for (const violation of outcome.violations) console.error(`VIOLATED: ${violation}`)
  console.log(outcome.violations.length === 0 ? `${goal} holds` : `${goal} does NOT hold`)
}
process.exitCode = outcome.violations.length === 0 ? 0 : 1
