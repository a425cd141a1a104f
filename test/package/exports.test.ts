import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { runModule, runNode } from '../support/child.ts'

const names = ['SegvecError', 'VectorIndex', 'errorCodes', 'instructionSets']
const use = `
  const index = new VectorIndex({ dimension: 2, metric: 'l2' })
  index.add(5, [3, 4]).then(() => index.search([0, 0])).then((hits) => console.log(JSON.stringify(hits)))`

describe('the package', () => {
  test('has these exports and no others', async () => {
    expect(Object.keys(await import('segvec')).sort()).toEqual(names)
  })

  test('can be imported by name from an ES module', async () => {
    const end = await runModule(`import { ${names.join(', ')} } from 'segvec'\n${use}`)
    expect(end).toEqual({ code: 0, signal: null, stdout: '[{"id":5,"distance":25}]\n', stderr: '' })
  })

  test('can be required from CommonJS, as the same module', async () => {
    const same = `import('segvec').then((module) => { if (module.VectorIndex !== VectorIndex) throw new Error('twice') })`
    const program = `const { ${names.join(', ')} } = require('segvec')\n${use}\n${same}`
    const end = await runNode(['--input-type=commonjs', '--eval', program])
    expect({ ...end, stderr: '' }).toEqual({
      code: 0,
      signal: null,
      stdout: '[{"id":5,"distance":25}]\n',
      stderr: '',
    })
  })

  test('lets its package.json be read, and nothing else inside', () => {
    const require = createRequire(import.meta.url)
    expect(require('segvec/package.json')).toMatchObject({ name: 'segvec', type: 'module' })
    for (const path of ['segvec/dist/index.js', 'segvec/dist/native/load.js', 'segvec/src/index.ts']) {
      expect(() => require(path)).toThrow(expect.objectContaining({ code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' }))
    }
  })

  test('prints nothing', async () => {
    const program = `
      import { VectorIndex } from 'segvec'
      const index = new VectorIndex({ dimension: 2 })
      await index.add(new Float32Array(20_000).fill(1))
      await index.add([[NaN, 1]]).catch(() => {})
      await index.searchBatch(new Float32Array(2000).fill(1))
      index.stats()
      await index.close()
      await index.close()`
    expect(await runModule(program)).toEqual({ code: 0, signal: null, stdout: '', stderr: '' })
  })
})
