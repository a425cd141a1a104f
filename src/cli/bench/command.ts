import { cpus } from 'node:os'
import { instructionSets } from '../../instruction-sets.ts'
import type { Command } from '../command.ts'
import { ProgressBar } from '../progress-bar.ts'
import { measure } from './measure.ts'
import { type BenchOptions, readBenchOptions, usage } from './options.ts'
import { recommend } from './recommend.ts'
import { describe } from './tables.ts'
import { loadVectors } from './vectors.ts'

async function measured(options: BenchOptions, progress: ProgressBar) {
  progress.step(`read ${options.data}`)
  const vectors = await loadVectors(options)
  try {
    return { vectors, measurement: await measure(vectors, options, progress) }
  } catch (error) {
    throw vectors.inFile?.(error) ?? error
  }
}

export const bench: Command = {
  summary: 'measures segvec on your own vectors and recommends parameters',
  usage,
  async run(args) {
    const options = readBenchOptions(args)
    const progress = new ProgressBar()
    const { vectors, measurement } = await measured(options, progress).finally(() => progress.clear())
    const subject = {
      data: options.data,
      rows: vectors.base.length / vectors.dimension,
      dimension: vectors.dimension,
      metric: options.metric,
      k: options.k,
      queryCount: vectors.queries.length / vectors.dimension,
      queriesFrom: vectors.queriesFrom,
    }
    const advice = recommend(measurement, options.recalls)
    if (!options.isJson) {
      console.log(describe(subject, measurement, advice))
      return
    }
    const machine = { cpu: cpus()[0]?.model, cores: cpus().length, instructionSets: instructionSets() }
    console.log(JSON.stringify({ subject, machine, node: process.version, measurement, advice }, null, 1))
  },
}
