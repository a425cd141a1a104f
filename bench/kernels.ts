/**
 * What a distance costs on this machine, beside what the machine reads from memory: builds and runs the C++ benchmark of the
 * kernels.
 *
 *   npm run bench:kernels -- [--megabytes 256] [--rounds 5] [--output results.json]
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

interface Distance {
  readonly instructionSet: string
  readonly element: 'float' | 'code'
  readonly access: 'hot' | 'random' | 'scan'
  readonly dimension: number
  readonly ns: number
  readonly gigabytesPerSecond: number
  readonly shareOfRead: number
}

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '5' },
    output: { type: 'string' },
  },
})

const folder = fileURLToPath(new URL('..', import.meta.url))
const toStderr = { cwd: folder, stdio: ['ignore', 2, 2] as ['ignore', number, number] }
execFileSync('cmake', ['--preset', 'release', '-DSEGVEC_BUILD_TESTS=OFF', '-B', 'build/bench'], toStderr)
execFileSync('cmake', ['--build', 'build/bench', '--parallel', '2', '--target', 'bench_kernels'], toStderr)
const program = `${folder}/build/bench/bench/native/bench_kernels`
const measured = JSON.parse(
  execFileSync(program, [values.megabytes, values.rounds], { encoding: 'utf8' }),
) as {
  readonly readGigabytesPerSecond: number
  readonly distances: readonly Distance[]
}

const report = { cpu: cpus()[0]?.model ?? 'unknown', date: new Date().toISOString(), ...measured }
if (values.output !== undefined) writeFileSync(values.output, `${JSON.stringify(report, null, 2)}\n`)

console.log(`${report.cpu}, one thread, reads ${report.readGigabytesPerSecond} GB/s from memory\n`)
console.log('| instructions | dimension | float hot | random | scan | of read | code hot | random |')
console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |')
const keys = new Set(measured.distances.map((each) => `${each.instructionSet} ${each.dimension}`))
for (const key of keys) {
  const [instructionSet, dimension] = key.split(' ')
  const find = (element: string, access: string) =>
    measured.distances.find(
      (each) =>
        each.instructionSet === instructionSet &&
        each.dimension === Number(dimension) &&
        each.element === element &&
        each.access === access,
    )
  const ns = (element: string, access: string) => `${find(element, access)?.ns ?? '–'} ns`
  const scanShare = find('float', 'scan')?.shareOfRead ?? 0
  console.log(
    `| ${instructionSet} | ${dimension} | ${ns('float', 'hot')} | ${ns('float', 'random')} | ${ns('float', 'scan')} | ` +
      `${Math.round(scanShare * 100)} % | ${ns('code', 'hot')} | ${ns('code', 'random')} |`,
  )
}
