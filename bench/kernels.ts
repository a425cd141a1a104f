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
import { type KernelResults, kernelsTable } from './kernels-table.ts'

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
) as Omit<KernelResults, 'cpu' | 'date'>

const report = { cpu: cpus()[0]?.model ?? 'unknown', date: new Date().toISOString(), ...measured }
if (values.output !== undefined) writeFileSync(values.output, `${JSON.stringify(report, null, 2)}\n`)

console.log(`${report.cpu}, one thread, reads ${report.readGigabytesPerSecond} GB/s from memory\n`)
console.log(kernelsTable(report))
