// Runs every check of the project and adds them up: C++ (plain, ASan + UBSan, TSan), TypeScript (plain and against an
// ASan addon), types, lint, layers, and both build systems. The last line is `N passed, N failed`.
//
//   npm test             what fits into a quarter of an hour on two cores
//   npm test -- --full   also the C++ tests under TSan and the TypeScript tests against an ASan addon
//   npm test -- --quick  without sanitizers and the second build system
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeHeadersPrefix } from './node-headers.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const isQuick = process.argv.includes('--quick')
const isFull = process.argv.includes('--full')
const addonBuild = 'build/addon'
let passed = 0
let failed = 0
let skipped = 0

const title = (text) => console.log(`\n=== ${text} ===`)

/** Runs a command; its output is shown, and returned when `capture` is set. */
function run(command, args, { env, capture = false } = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', capture ? 'pipe' : 'inherit', capture ? 'pipe' : 'inherit'],
  })
  if (result.error) throw result.error
  return { isSuccess: result.status === 0, output: (result.stdout ?? '') + (result.stderr ?? '') }
}

/** A check without parts of its own counts as one. */
function check(name, command, args, options) {
  title(name)
  const { isSuccess } = run(command, args, options)
  if (isSuccess) passed++
  else failed++
  return isSuccess
}

/** Builds and runs the C++ tests of a CMake preset. */
function presetTests(preset) {
  const isBuilt = check(`build the C++ tests, preset ${preset}`, 'sh', [
    '-c',
    `cmake --preset ${preset} >/dev/null && cmake --build --preset ${preset} --parallel 2`,
  ])
  if (isBuilt) cppTests(`C++ tests, preset ${preset}`, ['--preset', preset])
}

function cppTests(name, selection) {
  title(name)
  const { isSuccess, output } = run('ctest', [...selection, '--verbose', '--parallel', '2'], {
    capture: true,
  })
  let caseFailures = 0
  let caseCount = 0
  for (const [, total, bad] of output.matchAll(
    /test cases:\s*(\d+)\s*\|\s*\d+ passed\s*\|\s*(\d+) failed/g,
  )) {
    caseCount += Number(total)
    caseFailures += Number(bad)
  }
  if (!isSuccess || caseCount === 0) {
    console.log(output)
    caseFailures = Math.max(caseFailures, 1)
  }
  console.log(`${caseCount} test cases, ${caseFailures} failed`)
  passed += Math.max(caseCount - caseFailures, 0)
  failed += caseFailures
}

function vitest(name, env) {
  title(name)
  const report = `${root}build/vitest.json`
  rmSync(report, { force: true })
  const { isSuccess } = run(
    'npx',
    ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    {
      env,
    },
  )
  if (!existsSync(report)) {
    failed++
    return
  }
  const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  passed += numPassedTests
  skipped += numPendingTests
  failed += isSuccess ? numFailedTests : Math.max(numFailedTests, numFailedTestSuites, 1)
}

const compilerFile = (name) => execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim()

mkdirSync(`${root}build`, { recursive: true })
const hasDoctest = check('doctest is there', 'node', ['scripts/ensure-doctest.mjs'])
// One build, so that the core is compiled once for the addon, the C++ tests and the C++ benchmarks. It is configured even
// where "npm run build" has made one without tests. Without doctest the addon is still built, and all of TypeScript tested.
const cmake = (action, folder, ...options) => [
  'cmake-js',
  action,
  '--out',
  folder,
  '--log-level',
  'warn',
  ...options,
]
const isConfigured = check('configure the addon, the C++ tests and the C++ benchmarks', 'npx', [
  ...cmake('configure', addonBuild, '--CDSEGVEC_BUILD_BENCH=ON'),
  `--CDSEGVEC_BUILD_TESTS=${hasDoctest ? 'ON' : 'OFF'}`,
])
const isNativeBuilt =
  isConfigured && check('build them with CMake', 'npx', cmake('compile', addonBuild, '--parallel', '2'))
const isBuilt = check('build the TypeScript layer', 'npm', ['run', '--silent', 'build:ts']) && isNativeBuilt
check('lint', 'npx', ['biome', 'check', '.'])
check('layers', 'node', ['scripts/check-layers.mjs'])
check('types', 'npx', ['tsc', '-p', 'tsconfig.json'])
if (isNativeBuilt && hasDoctest) cppTests('C++ tests', ['--test-dir', addonBuild, '--no-tests=error'])
if (!isQuick) {
  presetTests('asan')
  if (isFull) presetTests('tsan')
}
if (isBuilt) {
  run('node', ['scripts/install-peers.mjs', '--for-tests'])
  vitest('TypeScript tests', {})
  check('pack, install and use the package', 'node', ['scripts/try-package.mjs'])
}
if (isBuilt && isFull) {
  const options = ['--target', 'segvec', '--CDSEGVEC_SANITIZE=address,undefined', '--parallel', '2']
  const isSanitized = check(
    'build the addon with AddressSanitizer',
    'npx',
    cmake('compile', 'build/addon-asan', ...options),
  )
  if (isSanitized) {
    vitest('TypeScript tests under AddressSanitizer', {
      SEGVEC_ADDON: `${root}build/addon-asan/Release/segvec.node`,
      LD_PRELOAD: `${compilerFile('libasan.so')} ${compilerFile('libubsan.so')}`,
      ASAN_OPTIONS: 'detect_leaks=0',
    })
  }
}
if (!isQuick) {
  const prefix = nodeHeadersPrefix()
  if (prefix !== undefined) {
    // Whether it builds is the question here; it is tested as CMake builds it.
    const quickly = ['--', '-Dsegvec_optimization=-O0']
    check('configure the addon with node-gyp', 'npx', [
      'node-gyp',
      'configure',
      `--nodedir=${prefix}`,
      '--silent',
      ...quickly,
    ]) && check('build the addon with node-gyp', 'npx', ['node-gyp', 'build', '--jobs=2', '--silent'])
  }
}
if (skipped > 0) console.log(`\n${skipped} skipped: what they need is not on this machine (see above)`)
console.log(`\n${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
