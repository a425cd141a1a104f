import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findDocuments, maxFileBytes } from '../../corpus/find-documents.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('finds Markdown and declarations below a folder, in the order of their paths', () => {
  const root = temporaryFolder('manual', {
    'b.md': 'b',
    'a/z.MARKDOWN': 'z',
    'a/types.d.ts': '',
    'a/types.d.mts': '',
    'a/types.d.cts': '',
    'Z.md': 'upper case sorts first',
    'code.ts': 'not a declaration file',
    'a/data.json': '{}',
  })
  expect(findDocuments(root).map(({ file, kind }) => `${kind} ${file}`)).toEqual([
    'markdown manual/Z.md',
    'declarations manual/a/types.d.cts',
    'declarations manual/a/types.d.mts',
    'declarations manual/a/types.d.ts',
    'markdown manual/a/z.MARKDOWN',
    'markdown manual/b.md',
  ])
})

test('names the package of what lies below node_modules, nested ones included', () => {
  const root = temporaryFolder('node_modules', {
    'plain/README.md': '',
    '@scope/name/docs/guide.md': '',
    'plain/node_modules/@inner/one/README.md': '',
    'plain/node_modules/two/lib/index.d.ts': '',
  })
  expect(findDocuments(root).map((document) => document.package)).toEqual([
    '@scope/name',
    'plain',
    '@inner/one',
    'two',
  ])
})

test('gives every document of another folder the name of that folder, and leaves its node_modules out', () => {
  const root = temporaryFolder('handbook', { 'a.md': '', 'node_modules/dependency/README.md': '' })
  expect(findDocuments(root)).toMatchObject([{ file: 'handbook/a.md', package: 'handbook' }])
})

test('leaves out licences, change logs, hidden folders and files that are too large', () => {
  const root = temporaryFolder('manual', {
    'LICENSE.md': '',
    'licence-mit.md': '',
    'CHANGELOG.md': '',
    '.cache/README.md': '',
    '.hidden.md': '',
    'large.md': 'x'.repeat(maxFileBytes + 1),
    'limit.md': 'x'.repeat(maxFileBytes),
  })
  expect(findDocuments(root).map(({ file }) => file)).toEqual(['manual/limit.md'])
})

test('does not follow symbolic links', () => {
  const root = temporaryFolder('manual', { 'real/a.md': '' })
  symlinkSync(join(root, 'real'), join(root, 'linked-folder'))
  symlinkSync(join(root, 'real', 'a.md'), join(root, 'linked-file.md'))
  expect(findDocuments(root).map(({ file }) => file)).toEqual(['manual/real/a.md'])
})

test('throws for a folder that does not exist', () => {
  expect(() => findDocuments(join(temporaryFolder('manual', {}), 'missing'))).toThrow(/ENOENT/)
})
