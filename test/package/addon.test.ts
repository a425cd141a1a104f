import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const addon = resolve(import.meta.dirname, '../../build/addon/Release/segvec.node')
const isNewer = (version: string, than: string) => version.localeCompare(than, 'en', { numeric: true }) > 0

const symbols = () => execFileSync('objdump', ['-T', addon], { encoding: 'utf8' }).split('\n')
const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } })
  .header
// What a later C library brings is not known yet.
const isKnown = glibcVersionRuntime !== undefined && !isNewer(glibcVersionRuntime, '2.36')

test.skipIf(!isKnown)('the addon loads on the oldest systems that Node 20 runs on', () => {
  const oldest = { GLIBC: '2.28', GLIBCXX: '3.4.25', CXXABI: '1.3.11' }
  const needed = symbols().flatMap((line) => [
    ...line.matchAll(/\b(GLIBC|GLIBCXX|CXXABI)_([\d.]+)\)?\s+(\S+)$/g),
  ])
  expect(needed.length).toBeGreaterThan(50)
  const tooNew = needed.filter(([, name, version]) =>
    isNewer(version as string, oldest[name as keyof typeof oldest]),
  )
  expect(tooNew.map(([text]) => text)).toEqual([])
})

test.skipIf(!isKnown)('the addon exports what Node asks for and nothing else', () => {
  const exported = symbols().filter((line) => / g .*\.text/.test(line))
  expect(exported.map((line) => line.split(' ').at(-1)).sort()).toEqual([
    'napi_register_module_v1',
    'node_api_module_get_api_version_v1',
  ])
})

// Else the addon's own, which it may have been given beside them, would call themselves for ever.
test.skipIf(!isKnown)('the C++ library copies and destroys exception pointers', () => {
  const asked = symbols().filter((line) => line.includes('*UND*'))
  for (const name of ['C1ERKS0_', 'D1Ev']) {
    const symbol = `_ZNSt15__exception_ptr13exception_ptr${name}`
    expect(asked.filter((line) => line.endsWith(symbol))).toHaveLength(1)
  }
})
