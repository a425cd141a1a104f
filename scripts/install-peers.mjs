// Installs the packages segvec is measured against, once, apart from the project's own. A peer that cannot be installed
// is reported by the comparison itself. Two of them compile themselves, for which Node's own headers are needed; with
// `--for-tests` only the one that the tests ask is compiled, as the other takes a minute.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeHeadersPrefix } from './node-headers.mjs'

const folder = fileURLToPath(new URL('../bench/peers', import.meta.url))
const marks = [
  'hnswlib-node/package.json',
  'usearch/package.json',
  '@zvec/zvec/package.json',
  '@lancedb/lancedb/package.json',
  'sqlite-vec/package.json',
]
// sqlite-vec is loaded into Node's own SQLite where there is one.
const needsSqlite = !process.argv.includes('--for-tests') && !process.getBuiltinModule?.('node:sqlite')
const compiled = {
  'hnswlib-node': 'hnswlib-node/build/Release/addon.node',
  ...(needsSqlite ? { 'better-sqlite3': 'better-sqlite3/build/Release/better_sqlite3.node' } : {}),
}
const isThere = (mark) => existsSync(`${folder}/node_modules/${mark}`)
const prefix = nodeHeadersPrefix()
const env = { ...process.env, npm_config_nodedir: prefix, npm_config_build_from_source: 'true' }

function npm(args, env) {
  try {
    execFileSync('npm', args, { cwd: folder, stdio: 'inherit', env })
  } catch (error) {
    console.error(
      `a peer could not be installed, the comparison will say so: npm ${args[0]}: ${error.message}`,
    )
  }
}

if (!marks.every(isThere)) npm(['ci', '--no-audit', '--no-fund', '--ignore-scripts'], process.env)
if (prefix !== undefined) {
  for (const [name, mark] of Object.entries(compiled)) {
    if (!isThere(mark)) npm(['rebuild', name, '--foreground-scripts=false'], env)
  }
}
