// Lines and branches of the loader and the commit path that the C++ tests reach, file by file: native/core/storage, and what
// opens, commits, logs, carries over and verifies a directory; and each branch that they do not reach. Needs clang 16 and
// llvm-cov (Debian's clang-16, libclang-rt-16-dev and llvm).
//
//   npm run coverage:storage
//
// A branch is a condition of the source that was true, or false, at least once, as clang's own instrumentation counts them.
// The jumps of the machine code, which gcov counts, include one that unwinds after every call and those of inlined library
// code: nobody wrote them, and what unwinding leaves behind is tested where memory runs out (goal G6).
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const files =
  /^native\/core\/(storage\/.*|index\/(index_directory|index_image|index_bundle|directory_report|verify_directory|stored_options|log_replay|logged_changes)\..*)/
const tests = {
  test_storage: [],
  test_index: ['--test-case=IndexDirectory*,IndexBundle*,VerifyDirectory*,Log*'],
}
const binaries = Object.keys(tests).map((name) => join('build/coverage/native/test', name))
const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 30, ...options })

run('cmake', ['--preset', 'coverage'])
run('cmake', ['--build', '--preset', 'coverage', '--parallel', '2', '--target', ...Object.keys(tests)], {
  stdio: 'ignore',
})
const scratch = mkdtempSync(join(tmpdir(), 'segvec-coverage-'))
let report
try {
  const env = { ...process.env, LLVM_PROFILE_FILE: join(scratch, '%p.profraw') }
  Object.values(tests).forEach((args, i) => {
    run(binaries[i], args, { env })
  })
  const profile = join(scratch, 'merged.profdata')
  run('llvm-profdata', ['merge', scratch, '-o', profile])
  const objects = binaries.flatMap((binary) => ['-object', binary])
  report = JSON.parse(run('llvm-cov', ['export', ...objects.slice(1), '-instr-profile', profile]))
} finally {
  rmSync(scratch, { recursive: true })
}

const total = { lines: 0, reachedLines: 0, branches: 0, reachedBranches: 0 }
const missing = []
for (const file of report.data[0].files) {
  const name = file.filename.slice(root.length)
  if (!files.test(name)) continue
  const source = readFileSync(file.filename, 'utf8').split('\n')
  // A template has its branches once for each of its instances: they count together.
  const counts = new Map()
  for (const [line, column, endLine, endColumn, whenTrue, whenFalse] of file.branches) {
    // A comparison of all members that the compiler writes is not ours to test.
    if (source[line - 1].includes('= default;')) continue
    const text =
      line === endLine
        ? source[line - 1].slice(column - 1, endColumn - 1)
        : source[line - 1].slice(column - 1)
    const branch = counts.get(`${line}:${column}`) ?? { line, text, true: 0, false: 0 }
    branch.true += whenTrue
    branch.false += whenFalse
    counts.set(`${line}:${column}`, branch)
  }
  for (const { line, text, ...taken } of counts.values()) {
    for (const way of ['true', 'false']) {
      total.branches++
      if (taken[way] > 0) total.reachedBranches++
      else missing.push({ name, line, text, way })
    }
  }
  total.lines += file.summary.lines.count
  total.reachedLines += file.summary.lines.covered
}
const percent = (part, whole) => `${((100 * part) / whole).toFixed(2)} % (${part} of ${whole})`
console.log(`lines: ${percent(total.reachedLines, total.lines)}`)
console.log(`branches: ${percent(total.reachedBranches, total.branches)}`)
for (const { name, line, text, way } of missing) console.log(`${name}:${line}: '${text}' is never ${way}`)
