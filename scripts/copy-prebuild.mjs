// Puts the addon built here where the published package looks for it.
import { cpSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const isMusl = process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime
const folder = `${root}prebuilds/${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`
mkdirSync(folder, { recursive: true })
cpSync(`${root}build/addon/Release/segvec.node`, `${folder}/segvec.node`)
