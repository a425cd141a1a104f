/** A peer's own process: its heap, its threads and its crash disturb no other. Started by `peer-process.ts`. */
import type {
  Adapter,
  BuildParameters,
  BuiltIndex,
  LoadKind,
  PreparedSet,
  SearchParameters,
} from './adapters/adapter.ts'
import { collectGarbage } from './adapters/collect-garbage.ts'
import { adapterFactories } from './adapters/registry.ts'
import { largestDelay } from './event-loop-delay.ts'
import { type LoadTimes, loadOnce } from './load-once.ts'
import { percentiles } from './metrics.ts'
import type { BuildAnswer, LatencyAnswer, PeerDescription, PeerReply, PeerRequest } from './peer-messages.ts'
import { settledResidentBytes } from './resident-memory.ts'
import { type SavedIndex, saveOnce } from './save-once.ts'
import { readQueries, readSet } from './set-files.ts'
import { measureUnderLoad, type UnderLoadAnswer } from './under-load.ts'

let prepared: PreparedSet | undefined
/** How an index of the adapter is loaded. */
let ways: readonly string[] = []
let index: BuiltIndex | undefined
let rowCount = 0
let queryCount = 0
let isInProcess = true
let hasBuilt = false

function adapterCalled(name: string): Adapter {
  const factory = adapterFactories[name]
  if (factory === undefined) throw new Error(`no adapter is called '${name}'`)
  return factory()
}

async function prepare(name: string, setFolder: string): Promise<PeerDescription> {
  const { prepare: prepareSet, loaders, ...description } = adapterCalled(name)
  const set = readSet(setFolder)
  ways = Object.keys(loaders?.(set) ?? {})
  prepared = await prepareSet(set)
  rowCount = set.base.length / set.dimension
  queryCount = set.queries.length / set.dimension
  isInProcess = description.isInProcess ?? true
  return { ...description, loadKinds: Object.keys(prepared.loads ?? {}) as LoadKind[] }
}

async function build({ parameters, leastSeconds }: PeerRequest & { kind: 'build' }): Promise<BuildAnswer> {
  const first = await buildOnce(parameters)
  const end = performance.now() + 1000 * (leastSeconds - first.seconds)
  const builds = [first]
  while (performance.now() < end) builds.push(await buildOnce(parameters))
  const mean = (figure: 'seconds' | 'cpuSeconds') =>
    builds.reduce((sum, built) => sum + built[figure], 0) / builds.length
  return { ...first, count: builds.length, seconds: mean('seconds'), cpuSeconds: mean('cpuSeconds') }
}

async function buildOnce(parameters: BuildParameters): Promise<BuildAnswer> {
  if (prepared === undefined) throw new Error('build before prepare')
  const set = prepared
  await index?.close()
  index = undefined
  const isMeasurable = !hasBuilt && isInProcess
  if (!isMeasurable) collectGarbage()
  const residentBefore = isMeasurable ? await settledResidentBytes() : 0
  const cpu = process.cpuUsage()
  const { value, delayMs, elapsedMs } = await largestDelay(() => set.build(parameters))
  const { user, system } = process.cpuUsage(cpu)
  index = value
  const bytes = index.bytesPerVector
  const resident = isMeasurable ? ((await settledResidentBytes()) - residentBefore) / rowCount : 0
  hasBuilt = true
  return {
    seconds: elapsedMs / 1000,
    cpuSeconds: (user + system) / 1e6,
    ...(bytes === undefined ? {} : { bytesPerVector: bytes }),
    ...(isInProcess ? { largestDelayMs: delayMs } : {}),
    ...(isMeasurable ? { residentBytesPerVector: resident } : {}),
  }
}

async function latency(built: BuiltIndex, parameters: SearchParameters): Promise<LatencyAnswer | undefined> {
  const latenciesMs = await built.latenciesMs?.(parameters)
  return latenciesMs && percentiles(latenciesMs)
}

async function underLoad(request: PeerRequest & { kind: 'underLoad' }): Promise<UnderLoadAnswer> {
  const begin = prepared?.loads?.[request.load]
  if (begin === undefined) throw new Error(`the adapter knows no load called '${request.load}'`)
  const load = await begin(request.build, request.parameters)
  try {
    return await measureUnderLoad(load, queryCount)
  } finally {
    await load.close()
    collectGarbage()
  }
}

const save = async ({ persistence }: BuiltIndex, newFolder: string): Promise<SavedIndex | undefined> =>
  persistence && saveOnce(persistence, newFolder, ways)

async function load({
  adapter,
  setFolder,
  folder,
  way,
  pageCache,
  k,
}: PeerRequest & { kind: 'load' }): Promise<LoadTimes> {
  const loader = adapterCalled(adapter).loaders?.(readQueries(setFolder))[way]
  if (loader === undefined) throw new Error(`the adapter knows no way to load called '${way}'`)
  return { way, pageCache, ...(await loadOnce(loader, folder, pageCache, k)) }
}

async function answer(request: PeerRequest): Promise<unknown> {
  if (request.kind === 'prepare') return prepare(request.adapter, request.setFolder)
  if (request.kind === 'build') return build(request)
  if (request.kind === 'underLoad') return underLoad(request)
  if (request.kind === 'load') return load(request)
  if (index === undefined) throw new Error(`${request.kind} before build`)
  if (request.kind === 'latency') return latency(index, request.parameters)
  if (request.kind === 'batch') return index.searchBatch?.(request.parameters)
  if (request.kind === 'save') return save(index, request.newFolder)
  return index.searchAll(request.parameters)
}

process.on('message', (request: PeerRequest) => {
  answer(request).then(
    (value) => process.send?.({ answer: value } satisfies PeerReply),
    (error: unknown) => process.send?.({ error: String(error) } satisfies PeerReply),
  )
})
process.on('disconnect', () => process.exit())
