/** Rounds over all peers, interleaved: what slows the machine for a while slows every peer, and ratios hold. */
import { join } from 'node:path'
import { oneAndAllThreads } from './adapters/threads.ts'
import type { DataSet } from './data-sets.ts'
import { recall } from './metrics.ts'
import { operatingPoint } from './operating-point.ts'
import { canEvict, evict, sequentialReadSpeed } from './page-cache.ts'
import { type Launch, PeerProcess } from './peer-process.ts'
import { measurePersistence } from './persistence.ts'
import type { PeerResult, ReadSpeeds, RunParameters } from './results.ts'
import { roundsWithin } from './rounds-within.ts'

interface RunningPeer {
  readonly choice: PeerChoice
  process: PeerProcess
  readonly result: PeerResult
}

/** Which adapter a process is to run, and how the process is started. */
export interface PeerChoice extends Launch {
  readonly adapter: string
  /** In place of the adapter's own, where it runs more than once. */
  readonly name?: string
}

export interface Run {
  readonly set: DataSet
  readonly setFolder: string
  readonly thresholds: readonly number[]
  readonly peers: readonly PeerChoice[]
  /** Builds and sweeps, and nothing else. */
  readonly isSpeedOnly?: boolean
  readonly parameters: Required<RunParameters>
  /** How long it may take, about; as long as it wants if left out. */
  readonly minutes?: number | undefined
  log(text: string): void
}

export interface Measured {
  readonly peers: PeerResult[]
  readonly readSpeeds: ReadSpeeds
  /** Those that there was time for. */
  readonly rounds: Pick<RunParameters, 'buildRounds' | 'searchRounds'>
}

/** More rounds of single latencies and of these beside other work take long and say no more. */
const mostOperatingRounds = 3
const mostLoadRounds = 2
/** A sweep has shown what there is to show when fewer than this share of the neighbors are missed. */
const enoughMisses = 0.0005

/** Every adapter's result, in the order asked for; one that fails says why and the others go on. */
export async function run(run: Run): Promise<Measured> {
  const peers: RunningPeer[] = []
  const readSpeeds: ReadSpeeds = { warm: [], cold: [] }
  const begin = performance.now()
  const until = (share: number) => begin + share * (run.minutes ?? Number.POSITIVE_INFINITY) * 60_000
  const { buildRounds, searchRounds } = run.parameters
  let made = 0
  try {
    for (const choice of run.peers) peers.push(await start(run, choice))
    made = await roundsWithin(Math.max(buildRounds, searchRounds), until(0.8), async (round) => {
      if (round < buildRounds) await buildRound(run, peers, round)
      else if (round === 0) await buildUntimed(run, peers)
      if (round < searchRounds) await searchRound(run, peers, round)
    })
    const operatingRounds = run.isSpeedOnly ? 0 : Math.min(searchRounds, made, mostOperatingRounds)
    await roundsWithin(operatingRounds, until(0.88), (round) => operatingRound(run, peers, round))
    const loadRounds = Math.min(operatingRounds, mostLoadRounds)
    await roundsWithin(loadRounds, until(0.95), () => loadRound(run, peers))
    const persistenceRounds = run.isSpeedOnly ? 0 : Math.min(searchRounds, made)
    await roundsWithin(persistenceRounds, until(1), () => persistenceRound(run, peers, readSpeeds))
  } finally {
    await Promise.all(peers.map((peer) => peer.process.close()))
  }
  const rounds = { buildRounds: Math.min(buildRounds, made), searchRounds: Math.min(searchRounds, made) }
  return { peers: peers.map((peer) => peer.result), readSpeeds, rounds }
}

async function attempt(run: Run, peer: RunningPeer, work: () => Promise<void>): Promise<void> {
  const { result } = peer
  if (result.failure !== undefined) return
  try {
    await work()
  } catch (error) {
    result.failure = error instanceof Error ? error.message : String(error)
    await peer.process.close()
    run.log(`FAILED ${result.name}: ${result.failure}`)
  }
}

const prepare = (run: Run, { adapter }: PeerChoice, process: PeerProcess) =>
  process.ask({ kind: 'prepare', adapter, setFolder: run.setFolder })

async function start(run: Run, choice: PeerChoice): Promise<RunningPeer> {
  const { adapter, name = adapter } = choice
  const process = new PeerProcess(choice)
  try {
    const description = await prepare(run, choice, process)
    return {
      choice,
      process,
      result: {
        ...description,
        name: choice.name ?? description.name,
        builds: description.threadCounts.map((threads) => ({ threads, rounds: [] })),
        sweeps: description.variants.map((variant) => ({ variant, rounds: [] })),
        latencies: [],
        batches: [],
        underLoad: [],
        persistence: [],
      },
    }
  } catch (error) {
    await process.close()
    const failure = error instanceof Error ? error.message : String(error)
    run.log(`FAILED ${name}: ${failure}`)
    const unknown = { group: adapter, version: '', notes: '', threadCounts: [], variants: [] }
    return { choice, process, result: { name, ...unknown, builds: [], sweeps: [], failure } }
  }
}

async function build(run: Run, { process }: RunningPeer, threads: number) {
  const { M, efConstruction, seed, leastBuildSeconds: leastSeconds } = run.parameters
  const parameters = { M, efConstruction, threads, seed }
  const answer = await process.ask({ kind: 'build', parameters, leastSeconds })
  return { ...answer, vectorsPerSecond: run.set.base.length / run.set.dimension / answer.seconds }
}

/**
 * In every round each peer starts anew: where an index lies in memory is luck, and would be the same luck in all rounds of one
 * process; and what a package leaves behind from build to build stays its own.
 */
async function startAnew(run: Run, peer: RunningPeer): Promise<void> {
  await peer.process.close()
  peer.process = new PeerProcess(peer.choice)
  await prepare(run, peer.choice, peer.process)
}

async function buildRound(run: Run, peers: readonly RunningPeer[], round: number): Promise<void> {
  for (const peer of peers) {
    if (round > 0) await attempt(run, peer, () => startAnew(run, peer))
    for (const timed of [...peer.result.builds].reverse()) {
      await attempt(run, peer, async () => {
        const built = await build(run, peer, timed.threads)
        timed.rounds.push(built)
        run.log(
          `build  ${peer.result.name}, ${timed.threads} thread(s): ${built.vectorsPerSecond.toFixed(0)} vectors/s`,
        )
      })
    }
  }
}

/** Rounds end with the build of the first thread count, so that only a run without build rounds has to build for its searches. */
async function buildUntimed(run: Run, peers: readonly RunningPeer[]): Promise<void> {
  for (const peer of peers) {
    const threads = peer.result.builds[0]?.threads
    if (threads === undefined) continue
    await attempt(run, peer, async () => {
      await build(run, peer, threads)
    })
  }
}

async function searchRound(run: Run, peers: readonly RunningPeer[], round: number): Promise<void> {
  const { k, efs } = run.parameters
  for (const { result } of peers) for (const sweep of result.sweeps) sweep.rounds.push([])
  for (const [i, ef] of efs.entries()) {
    for (const peer of peers) {
      const { isExact, efStep = 1 } = peer.result
      if ((isExact && i > 0) || i % efStep !== 0) continue
      for (const sweep of peer.result.sweeps) {
        const last = sweep.rounds.at(-1)?.at(-1)
        if (last !== undefined && last.recall >= 1 - enoughMisses) continue
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
  run.log(`latency and batch round ${round + 1} done`)
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
  sequentialReadSpeed([file])
  warm.push(sequentialReadSpeed([file]))
  if (canEvict()) {
    evict([file])
    cold.push(sequentialReadSpeed([file]))
  }
  for (const peer of peers) {
    await attempt(run, peer, async () => {
      const { adapter, ...launch } = peer.choice
      const answer = await measurePersistence(
        (newFolder) => peer.process.ask({ kind: 'save', newFolder }),
        { adapter, setFolder: run.setFolder, ...launch },
        run.parameters.k,
      )
      if (answer !== undefined) peer.result.persistence?.push(answer)
    })
  }
  run.log('round of saving and loading done')
}
