// Packs the package as it is published, installs it somewhere else without the network, and uses it there: imported, required, and
// from the command line.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'segvec-package-'))
const quiet = ['--no-audit', '--no-fund', '--loglevel', 'error']

function run(command, args, cwd = folder) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function expect(isSo, what) {
  if (!isSo) throw new Error(what)
}

const use = `
  const index = new VectorIndex({ dimension: 2, metric: 'l2' })
  index.add(5, [3, 4]).then(() => index.search([0, 0])).then((hits) => console.log(JSON.stringify(hits)))`
const answer = '[{"id":5,"distance":25}]\n'

try {
  run('npm', ['pack', '--pack-destination', folder, ...quiet], root)
  const [tarball] = readdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true }')
  run('npm', ['install', '--offline', ...quiet, `./${tarball}`])

  const installed = join(folder, 'node_modules', 'segvec')
  expect(
    readdirSync(installed).sort().join() ===
      'CHANGELOG.md,LICENSE,README.md,dist,docs,package.json,prebuilds',
    `the package holds ${readdirSync(installed)}`,
  )
  expect(
    readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.')).length === 1,
    'it brings other packages',
  )
  for (const [type, begin] of [
    ['module', "import { VectorIndex } from 'segvec'"],
    ['commonjs', "const { VectorIndex } = require('segvec')"],
  ]) {
    const printed = run('node', [`--input-type=${type}`, '--eval', `${begin}\n${use}`])
    expect(printed === answer, `as ${type} it printed ${printed}`)
  }
  const help = run('npx', ['--offline', 'segvec', '--help'])
  expect(help.includes('verify'), `--help printed ${help}`)
  console.log(`${tarball}: installed and used`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
