import { join, resolve } from 'node:path'
import { build, type Format } from 'esbuild'
import { expect, test } from 'vitest'
import { runNode } from '../support/child.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = `
  import { VectorIndex } from 'segvec'
  const index = new VectorIndex({ dimension: 2, metric: 'l2' })
  index.add(5, [3, 4]).then(() => index.search([0, 0])).then((hits) => console.log(JSON.stringify(hits)))`

// As docs/building.md says.
const makesRequire =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);"

test.each<[Format, string, string]>([
  ['cjs', '.cjs', ''],
  ['esm', '.mjs', makesRequire],
])('runs when it is bundled as %s', async (format, ending, js) => {
  const folder = temporaryFolder()
  await build({
    stdin: { contents: program, resolveDir: resolve(import.meta.dirname, '../..') },
    bundle: true,
    platform: 'node',
    format,
    outdir: folder,
    entryNames: 'app',
    outExtension: { '.js': ending },
    loader: { '.node': 'copy' },
    banner: { js },
    logLevel: 'silent',
  })
  const end = await runNode([join(folder, `app${ending}`)], { SEGVEC_ADDON: '' })
  expect(end).toMatchObject({ code: 0, stdout: '[{"id":5,"distance":25}]\n' })
})
