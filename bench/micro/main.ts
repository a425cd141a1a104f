/**
 * What one call costs, in microseconds: bench/ann measures work, this what surrounds it.
 *
 *   npm run bench:micro -- [--seconds 1] [--json]
 */
import { parseArgs } from 'node:util'
import Benchmark from 'benchmark'
import { thisMachine } from '../ann/machine.ts'
import { type Case, makeCases } from './cases.ts'

const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } },
})
const maxTime = Number(options.seconds)

interface Timing {
  readonly group: string
  readonly name: string
  readonly microseconds: number
  /** Of the mean, in percent, at 95 % confidence. */
  readonly errorPercent: number
  readonly samples: number
}

function time({ group, name, run }: Case): Promise<Timing> {
  const isAsync = run() instanceof Promise
  return new Promise((resolve, reject) => {
    const benchmark = new Benchmark(name, {
      maxTime,
      async: true,
      defer: isAsync,
      fn: isAsync
        ? (deferred: { resolve(): void }) => {
            ;(run() as Promise<unknown>).then(() => deferred.resolve(), reject)
          }
        : run,
      onComplete() {
        const { mean, rme, sample } = benchmark.stats
        resolve({ group, name, microseconds: mean * 1e6, errorPercent: rme, samples: sample.length })
      },
      onError: () => reject(benchmark.error),
    })
    benchmark.run()
  })
}

const { cases, missing, close } = await makeCases()
const timings: Timing[] = []
for (const one of cases) timings.push(await time(one))
await close()

if (options.json) {
  console.log(
    JSON.stringify(
      { machine: thisMachine(), node: process.version, timings, missing: missing ?? null },
      null,
      1,
    ),
  )
} else {
  for (const group of new Set(timings.map((timing) => timing.group))) {
    console.log(group)
    for (const { name, microseconds, errorPercent } of timings.filter((timing) => timing.group === group)) {
      console.log(
        `  ${name.padEnd(36)} ${microseconds.toPrecision(3).padStart(8)} µs ± ${errorPercent.toFixed(1)} %`,
      )
    }
  }
  if (missing !== undefined) console.log(`hnswlib-node is missing: ${missing}`)
}
