// Installs the packages segvec is measured against, once, apart from the project's own. A peer that cannot be installed
// is reported by the comparison itself. hnswlib-node compiles itself: without Node's headers it is left uncompiled.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeHeadersPrefix } from './node-headers.mjs'

const folder = fileURLToPath(new URL('../bench/peers', import.meta.url))
const marks = [
  'hnswlib-node/build/Release/addon.node',
  'usearch/package.json',
  '@zvec/zvec/package.json',
  '@lancedb/lancedb/package.json',
]
const prefix = nodeHeadersPrefix()
const wanted = prefix === undefined ? marks.slice(1) : marks
if (!wanted.every((mark) => existsSync(`${folder}/node_modules/${mark}`))) {
  const scripts = prefix === undefined ? ['--ignore-scripts'] : []
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', ...scripts], {
      cwd: folder,
      stdio: 'inherit',
      env: { ...process.env, ...(prefix === undefined ? {} : { npm_config_nodedir: prefix }) },
    })
  } catch (error) {
    console.error(`the peers could not be installed, the comparison will say so: ${error.message}`)
  }
}
