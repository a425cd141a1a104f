// Lines and branches of the loader and the commit path that the C++ tests reach, file by file: native/core/storage, and what
// opens, commits, carries over and verifies a directory. Needs gcovr (Debian's package).
//
//   npm run coverage:storage [-- --uncovered]    also lists what they do not reach
//
// Branches that only an exception takes (after every call, there is one that unwinds) are not counted: the compiler makes them,
// no source has them. Those of memory running out are covered by tests that run without this instrumentation (goal G6).
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tests = ['test_storage', 'test_index']
const files = [
  'native/core/storage/.*',
  'native/core/index/(index_directory|index_bundle|directory_report|verify_directory|stored_options)\\..*',
]

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (error !== undefined || status !== 0) {
    console.error(`${command} ${args.join(' ')} failed${error === undefined ? '' : `: ${error.message}`}`)
    process.exit(1)
  }
}

run('cmake', ['--preset', 'coverage'], { stdio: 'ignore' })
run('cmake', ['--build', '--preset', 'coverage', '--parallel', '2', '--target', ...tests], {
  stdio: 'ignore',
})
run('find', ['build/coverage', '-name', '*.gcda', '-delete'])
run('build/coverage/native/test/test_storage', [], { stdio: 'ignore' })
const cases = 'IndexDirectory*,IndexBundle*,VerifyDirectory*'
run('build/coverage/native/test/test_index', [`--test-case=${cases}`], { stdio: 'ignore' })
const gcovr = ['--root', '.', 'build/coverage', '--exclude-throw-branches', '--exclude-unreachable-branches']
for (const file of files) gcovr.push('--filter', file)
run('gcovr', [...gcovr, '--branches'])
run('gcovr', [...gcovr, ...(process.argv.includes('--uncovered') ? [] : ['--print-summary'])])
