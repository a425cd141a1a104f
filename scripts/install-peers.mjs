// Installs the packages segvec is measured against, once. Without Node's headers there is nothing to compile them with.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeHeadersPrefix } from './node-headers.mjs'

const folder = fileURLToPath(new URL('../bench/peers', import.meta.url))
const isInstalled = existsSync(`${folder}/node_modules/hnswlib-node/build/Release/addon.node`)
const prefix = nodeHeadersPrefix()
if (!isInstalled && prefix === undefined) {
  console.error(
    'hnswlib-node is not installed: it compiles itself, and the headers of this Node are not installed',
  )
} else if (!isInstalled) {
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, npm_config_nodedir: prefix },
  })
}
