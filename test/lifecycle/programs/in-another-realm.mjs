// Loads the package into a context of its own, as Jest does with every test file: its `Error` and its arrays are not the addon's.
import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import vm from 'node:vm'

const own = new Set(Object.getOwnPropertyNames(vm.runInNewContext('globalThis')))
const given = Object.getOwnPropertyNames(globalThis).filter((name) => !own.has(name))
const context = vm.createContext(Object.fromEntries(given.map((name) => [name, globalThis[name]])))

const modules = new Map()
const loaded = (url) => {
  if (!modules.has(url)) modules.set(url, load(url))
  return modules.get(url)
}

async function load(url) {
  if (isBuiltin(url) || url.endsWith('.cjs')) {
    const ready = await import(url)
    const names = Object.keys(ready)
    return new vm.SyntheticModule(
      names,
      function () {
        for (const name of names) this.setExport(name, ready[name])
      },
      { context },
    )
  }
  return new vm.SourceTextModule(await readFile(new URL(url), 'utf8'), {
    context,
    identifier: url,
    initializeImportMeta: (meta) => {
      meta.url = url
    },
  })
}

const link = (specifier, { identifier }) =>
  loaded(isBuiltin(specifier) ? specifier : new URL(specifier, identifier).href)

const main = await loaded(import.meta.resolve('segvec'))
await main.link(link)
await main.evaluate()
const { VectorIndex, SegvecError } = main.namespace

const codeOf = (working) =>
  working.then(
    () => 'none',
    (error) => (error instanceof SegvecError ? error.code : String(error)),
  )
const index = new VectorIndex({ dimension: 2, metric: 'l2' })
await index.add([1, 2], vm.runInContext('[new Float32Array([1, 2]), [3, 4]]', context))
console.log(
  JSON.stringify({
    errorIsOurs: new SegvecError('INTERNAL', '') instanceof Error,
    hits: await index.search(Float32Array.of(1, 2), { k: 1 }),
    duplicate: await codeOf(index.add(1, [5, 6])),
    invalid: await codeOf(index.search([Number.NaN, 0])),
    notFound: await codeOf(VectorIndex.open('/nowhere/at/all', { readOnly: true })),
  }),
)
await index.close()
console.log(await codeOf(index.commit()))
