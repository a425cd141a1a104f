import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runModule, runNode } from '../support/child.ts'

const projectRoot = resolve(import.meta.dirname, '../..')
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'segvec-load-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

const report = `
  const report = (call) => {
    try {
      call()
      return 'no error'
    } catch (error) {
      return { isOurs: error instanceof SegvecError, code: error.code, message: error.message }
    }
  }
  console.log(JSON.stringify([
    report(() => new VectorIndex({ dimension: 1 })),
    report(() => instructionSets()),
    report(() => new VectorIndex({ dimension: 0 })),
  ]))`
const program = `import { instructionSets, SegvecError, VectorIndex } from 'segvec'\n${report}`

interface Report {
  readonly isOurs: boolean
  readonly code: string
  readonly message: string
}

describe('an addon that cannot be loaded', () => {
  test.each([
    ['no such file', 'missing.node', undefined],
    ['a file that is no addon', 'text.node', 'this is text'],
    ['an empty file', 'empty.node', ''],
    ['another module', 'module.cjs', 'module.exports = { Index: 5 }'],
    ['a module that throws', 'throws.cjs', 'throw null'],
  ])('through SEGVEC_ADDON: %s', async (_, name, content) => {
    const path = join(folder, name)
    if (content !== undefined) writeFileSync(path, content)
    const { code, stdout, stderr } = await runModule(program, { environment: { SEGVEC_ADDON: path } })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [made, sets, invalid] = JSON.parse(stdout) as Report[]
    for (const failure of [made, sets]) {
      expect(failure).toMatchObject({ isOurs: true, code: 'LOAD_FAILED' })
      expect(failure?.message).toContain(`- ${path}: `)
      expect(failure?.message).toContain('unset SEGVEC_ADDON')
    }
    expect(invalid).toMatchObject({ isOurs: true, code: 'INVALID_ARGUMENT' })
  })

  test('from the package: every path is listed with its reason, and what mends it', async () => {
    const copy = join(folder, 'copy')
    cpSync(join(projectRoot, 'dist'), join(copy, 'dist'), { recursive: true })
    cpSync(join(projectRoot, 'package.json'), join(copy, 'package.json'))
    const prebuilt = join('prebuilds', `${process.platform}-${process.arch}`, 'segvec.node')
    mkdirSync(join(copy, prebuilt, '..'), { recursive: true })
    writeFileSync(join(copy, prebuilt), 'damaged')
    const main = join(copy, 'main.mjs')
    writeFileSync(main, program)
    const { code, stdout, stderr } = await runNode([main], { SEGVEC_ADDON: '' })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [made] = JSON.parse(stdout) as Report[]
    expect(made).toMatchObject({ isOurs: true, code: 'LOAD_FAILED' })
    expect(made?.message).toContain(`${process.platform}-${process.arch}`)
    expect(made?.message).toMatch(/- prebuilds\/[^\n]*segvec\.node: .+/)
    expect(made?.message).toMatch(/- build\/addon\/Release\/segvec\.node: .+/)
    expect(made?.message).toContain('npm ci && npm run build')
  })
})

describe('which addon is loaded', () => {
  const prebuilt = join('prebuilds', `${process.platform}-${process.arch}`, 'segvec.node')
  const built = join('build', 'addon', 'Release', 'segvec.node')
  const which = `import { VectorIndex } from 'segvec'
    await new VectorIndex({ dimension: 1 }).close()
    console.log(JSON.stringify(process.report.getReport().sharedObjects.filter((path) => path.endsWith('segvec.node'))))`

  test.each([
    ['in a package: the prebuilt one', [prebuilt], prebuilt],
    ['in a checkout: the one built there, whatever was prebuilt', [prebuilt, built], built],
  ])('%s', async (name, present, expected) => {
    const copy = join(realpathSync(folder), name.slice(0, 13).replaceAll(/[ :]/g, '-'))
    cpSync(join(projectRoot, 'dist'), join(copy, 'dist'), { recursive: true })
    cpSync(join(projectRoot, 'package.json'), join(copy, 'package.json'))
    for (const path of present)
      cpSync(process.env['SEGVEC_ADDON'] || join(projectRoot, built), join(copy, path))
    const main = join(copy, 'main.mjs')
    writeFileSync(main, which)
    const { code, stdout, stderr } = await runNode([main], { SEGVEC_ADDON: '' })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual([join(copy, expected)])
  })
})
