// Checks that dependencies point one way: between the C++ layers, into the typed addon surface, and out of the tests.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const skipped = new Set(['node_modules', 'build', 'dist', 'results'])

function* filesBelow(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory() && !skipped.has(entry.name)) yield* filesBelow(path)
    else if (entry.isFile()) yield path
  }
}

const violations = []

// Each layer of the core may include itself and those before it.
const layers = ['base', 'distance', 'quantize', 'graph', 'segment', 'storage', 'index']
for (const file of filesBelow('native')) {
  if (!/\.(h|cc|inl)$/.test(file)) continue
  const text = readFileSync(join(root, file), 'utf8')
  const includes = [...text.matchAll(/^\s*#include\s+[<"]([^>"]+)[>"]/gm)].map((match) => match[1])
  const inCore = file.startsWith('native/core/')
  for (const include of includes) {
    if (include === 'napi.h' && !file.startsWith('native/binding/'))
      violations.push(`${file} includes napi.h`)
    const layer = layers.indexOf(include.split('/')[0])
    if (inCore && layer > layers.indexOf(file.split('/')[2])) violations.push(`${file} includes ${include}`)
  }
}

// Only the loader touches a .node file; only the package's name leads from outside into src.
const outside = ['test', 'bench', 'demo', 'corpus', 'web']
for (const folder of ['src', ...outside]) {
  for (const file of filesBelow(folder)) {
    if (!/\.([cm]?ts|[cm]?js)$/.test(file)) continue
    const text = readFileSync(join(root, file), 'utf8')
    for (const [, target] of text.matchAll(/(?:from|import|require)\s*\(?\s*['"]([^'"]+)['"]/g)) {
      if (target.endsWith('.node') && file !== 'src/native/targets.cts')
        violations.push(`${file} loads ${target}`)
      const resolved = relative(root, join(root, file, '..', target)).split(sep)
      const leavesFolder = target.startsWith('.') && resolved[0] === 'src' && folder !== 'src'
      if (leavesFolder) violations.push(`${file} imports ${target}; import 'segvec' instead`)
    }
  }
}

for (const violation of violations) console.error(violation)
if (violations.length > 0) process.exit(1)
