/** A peer's own process: its heap, its threads and its crash disturb no other. Started by `peer-process.ts`. */
import type { BuiltIndex, PreparedSet } from './adapters/adapter.ts'
import { collectGarbage } from './adapters/collect-garbage.ts'
import { adapterFactories } from './adapters/registry.ts'
import type { BuildAnswer, PeerDescription, PeerReply, PeerRequest } from './peer-messages.ts'
import { readSet } from './set-files.ts'

let prepared: PreparedSet | undefined
let index: BuiltIndex | undefined

async function prepare(name: string, setFolder: string): Promise<PeerDescription> {
  const factory = adapterFactories[name]
  if (factory === undefined) throw new Error(`no adapter is called '${name}'`)
  const { prepare: prepareSet, ...description } = factory()
  const set = readSet(setFolder)
  prepared = await prepareSet(set)
  return description
}

async function build(request: PeerRequest & { kind: 'build' }): Promise<BuildAnswer> {
  if (prepared === undefined) throw new Error('build before prepare')
  await index?.close()
  index = undefined
  collectGarbage()
  const cpu = process.cpuUsage()
  const start = performance.now()
  index = await prepared.build(request.parameters)
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const bytes = index.bytesPerVector
  return {
    seconds,
    cpuSeconds: (user + system) / 1e6,
    ...(bytes === undefined ? {} : { bytesPerVector: bytes }),
  }
}

async function answer(request: PeerRequest): Promise<unknown> {
  if (request.kind === 'prepare') return prepare(request.adapter, request.setFolder)
  if (request.kind === 'build') return build(request)
  if (index === undefined) throw new Error('search before build')
  return index.searchAll(request.parameters)
}

process.on('message', (request: PeerRequest) => {
  answer(request).then(
    (value) => process.send?.({ answer: value } satisfies PeerReply),
    (error: unknown) => process.send?.({ error: String(error) } satisfies PeerReply),
  )
})
process.on('disconnect', () => process.exit())
