/** Rounds over all peers, interleaved: what slows the machine for a while slows every peer, and ratios hold. */
import { join } from 'node:path'
import { oneAndAllThreads } from './adapters/threads.ts'
import type { DataSet } from './data-sets.ts'
import { recall } from './metrics.ts'
import { operatingPoint } from './operating-point.ts'
import { canEvict, evict, sequentialReadSpeed } from './page-cache.ts'
import { PeerProcess } from './peer-process.ts'
import type { PeerResult, ReadSpeeds, RunParameters } from './results.ts'

interface RunningPeer {
  readonly process: PeerProcess
  readonly result: PeerResult
}

export interface Run {
  readonly set: DataSet
  readonly setFolder: string
  readonly thresholds: readonly number[]
  readonly adapters: readonly string[]
  readonly parameters: Required<RunParameters>
  log(text: string): void
}

/** More rounds of what takes longest and varies least say no more. */
const mostPersistenceRounds = 3
const mostLoadRounds = 3

/** Every adapter's result, in the order asked for; one that fails says why and the others go on. */
export async function run(run: Run): Promise<{ peers: PeerResult[]; readSpeeds: ReadSpeeds }> {
  const peers: RunningPeer[] = []
  const readSpeeds: ReadSpeeds = { warm: [], cold: [] }
  const { searchRounds } = run.parameters
  try {
    for (const adapter of run.adapters) peers.push(await start(run, adapter))
    for (let round = 0; round < run.parameters.buildRounds; round++) await buildRound(run, peers)
    for (const peer of peers) await rebuildForSearch(run, peer)
    for (let round = 0; round < searchRounds; round++) await searchRound(run, peers, round)
    for (let round = 0; round < searchRounds; round++) await operatingRound(run, peers, round)
    for (let round = 0; round < Math.min(searchRounds, mostLoadRounds); round++) await loadRound(run, peers)
    for (let round = 0; round < Math.min(searchRounds, mostPersistenceRounds); round++) {
      await persistenceRound(run, peers, readSpeeds)
    }
  } finally {
    for (const peer of peers) peer.process.close()
  }
  return { peers: peers.map((peer) => peer.result), readSpeeds }
}

async function attempt(run: Run, { process, result }: RunningPeer, work: () => Promise<void>): Promise<void> {
  if (result.failure !== undefined) return
  try {
    await work()
  } catch (error) {
    result.failure = error instanceof Error ? error.message : String(error)
    process.close()
    run.log(`FAILED ${result.name}: ${result.failure}`)
  }
}

async function start(run: Run, adapter: string): Promise<RunningPeer> {
  const process = new PeerProcess()
  try {
    const description = await process.ask({ kind: 'prepare', adapter, setFolder: run.setFolder })
    return {
      process,
      result: {
        ...description,
        builds: description.threadCounts.map((threads) => ({ threads, rounds: [] })),
        sweeps: description.variants.map((variant) => ({ variant, rounds: [] })),
        latencies: [],
        batches: [],
        underLoad: [],
        persistence: [],
      },
    }
  } catch (error) {
    process.close()
    const failure = error instanceof Error ? error.message : String(error)
    run.log(`FAILED ${adapter}: ${failure}`)
    const unknown = { group: adapter, version: '', notes: '', threadCounts: [], variants: [] }
    return { process, result: { name: adapter, ...unknown, builds: [], sweeps: [], failure } }
  }
}

async function build(run: Run, { process }: RunningPeer, threads: number) {
  const { M, efConstruction, seed } = run.parameters
  const answer = await process.ask({ kind: 'build', parameters: { M, efConstruction, threads, seed } })
  return { ...answer, vectorsPerSecond: run.set.base.length / run.set.dimension / answer.seconds }
}

async function buildRound(run: Run, peers: readonly RunningPeer[]): Promise<void> {
  for (const peer of peers) {
    for (const timed of [...peer.result.builds].reverse()) {
      await attempt(run, peer, async () => {
        const round = await build(run, peer, timed.threads)
        timed.rounds.push(round)
        run.log(
          `build  ${peer.result.name}, ${timed.threads} thread(s): ${round.vectorsPerSecond.toFixed(0)} vectors/s`,
        )
      })
    }
  }
}

/** Rounds end with the build of the first thread count, so that only a run without build rounds has to build again. */
async function rebuildForSearch(run: Run, peer: RunningPeer): Promise<void> {
  const first = peer.result.builds[0]
  if (first === undefined || first.rounds.length > 0) return
  await attempt(run, peer, async () => {
    await build(run, peer, first.threads)
  })
}

async function searchRound(run: Run, peers: readonly RunningPeer[], round: number): Promise<void> {
  const { k, efs } = run.parameters
  for (const { result } of peers) for (const sweep of result.sweeps) sweep.rounds.push([])
  for (const [i, ef] of efs.entries()) {
    for (const peer of peers) {
      if (peer.result.isExact && i > 0) continue
      for (const sweep of peer.result.sweeps) {
        await attempt(run, peer, async () => {
          const parameters = { k, ef, variant: sweep.variant }
          const { seconds, found } = await peer.process.ask({ kind: 'search', parameters })
          sweep.rounds.at(-1)?.push({
            ef,
            recall: recall(run.set, k, run.thresholds, found),
            queriesPerSecond: found.length / seconds,
          })
        })
      }
    }
  }
  run.log(`search round ${round + 1} of ${run.parameters.searchRounds} done`)
}

/** Latencies of single searches and the throughput of batches, each peer where it just reaches the operating recall. */
async function operatingRound(run: Run, peers: readonly RunningPeer[], round: number): Promise<void> {
  const { k, operatingRecall } = run.parameters
  for (const peer of peers) {
    await attempt(run, peer, async () => {
      const point = peer.result.operatingPoint ?? operatingPoint(peer.result.sweeps, operatingRecall)
      if (point === undefined) return
      peer.result.operatingPoint = point
      const parameters = { k, ef: point.ef, variant: point.variant }
      const latency = await peer.process.ask({ kind: 'latency', parameters })
      if (latency !== undefined) peer.result.latencies?.push(latency)
      const batch = await peer.process.ask({ kind: 'batch', parameters })
      if (batch === undefined) return
      peer.result.batches?.push({
        recall: recall(run.set, k, run.thresholds, batch.found),
        queriesPerSecond: batch.found.length / batch.seconds,
      })
    })
  }
  run.log(`latency and batch round ${round + 1} of ${run.parameters.searchRounds} done`)
}

/** Latencies of single searches while the index is busy, at the same point, with all threads. */
async function loadRound(run: Run, peers: readonly RunningPeer[]): Promise<void> {
  const { k, M, efConstruction, seed } = run.parameters
  const threads = oneAndAllThreads.at(-1) as number
  for (const peer of peers) {
    const { operatingPoint: point, loadKinds = [], underLoad } = peer.result
    if (point === undefined) continue
    for (const load of loadKinds) {
      await attempt(run, peer, async () => {
        const parameters = { k, ef: point.ef, variant: point.variant }
        const build = { M, efConstruction, threads, seed }
        underLoad?.push({
          load,
          ...(await peer.process.ask({ kind: 'underLoad', load, build, parameters })),
        })
      })
    }
  }
  run.log('round of latencies under load done')
}

/** Saving, loading and the first answer, beside what reading a file takes. */
async function persistenceRound(
  run: Run,
  peers: readonly RunningPeer[],
  { warm, cold }: ReadSpeeds,
): Promise<void> {
  const file = join(run.setFolder, 'base.f32')
  sequentialReadSpeed(file)
  warm.push(sequentialReadSpeed(file))
  if (canEvict()) {
    evict([file])
    cold.push(sequentialReadSpeed(file))
  }
  for (const peer of peers) {
    await attempt(run, peer, async () => {
      const answer = await peer.process.ask({ kind: 'persistence', k: run.parameters.k })
      if (answer !== undefined) peer.result.persistence?.push(answer)
    })
  }
  run.log('round of saving and loading done')
}
