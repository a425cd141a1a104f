// `copy` puts the addon built here where the published package looks for it, `remove` takes it away again: this machine's alone, as
// those of others may have been collected beside it.
import { cpSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const isMusl = process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime
const prebuilds = `${root}prebuilds`
const folder = `${prebuilds}/${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`
if (process.argv[2] === 'copy') {
  mkdirSync(folder, { recursive: true })
  cpSync(`${root}build/addon/Release/segvec.node`, `${folder}/segvec.node`)
} else {
  rmSync(folder, { recursive: true, force: true })
  if (readdirSync(prebuilds).length === 0) rmdirSync(prebuilds)
}
