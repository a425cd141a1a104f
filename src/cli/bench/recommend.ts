import type { Quantization } from '../../index-options.ts'
import type { BuildFigure, Measurement, SearchFigure } from './measure.ts'

/** The setting to take for a recall: of those that reach it and are about as fast as the fastest, the one with the least `ef`. */
export interface Choice {
  readonly recall: number
  /** Left out where no setting reaches the recall. */
  readonly setting?: SearchFigure
}

export interface Recommendation {
  readonly choices: readonly Choice[]
  /** The one to begin with: the fastest at the middle recall asked for, and threads beyond which a build gains little. */
  readonly parameters?: {
    readonly quantization: Quantization
    readonly recall: number
    readonly ef: number
    readonly threads: number
  }
}

/** A build with fewer threads and a search with a smaller `ef` are as good where they are within this of the fastest. */
const goodEnough = 0.95

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

export function recommend(measurement: Measurement, recalls: readonly number[]): Recommendation {
  const choices = recalls.map((recall) => {
    const setting = leastOfFastest(measurement.searches.filter((figure) => figure.recall >= recall))
    return setting === undefined ? { recall } : { recall, setting }
  })
  const { recall, setting: main } = choices[Math.min(1, choices.length - 1)] as Choice
  if (main === undefined) return { choices }
  const { quantization, ef } = main
  const threads = threadsFor(measurement.builds, quantization)
  return { choices, parameters: { quantization, recall, ef, threads } }
}

// Where an index is so small that a wide beam scans it, many of them are the same search, and which was fastest is chance.
function leastOfFastest(figures: readonly SearchFigure[]): SearchFigure | undefined {
  const best = Math.max(...figures.map((figure) => median(figure.queriesPerSecond)))
  return figures
    .filter((figure) => median(figure.queriesPerSecond) >= goodEnough * best)
    .sort((a, b) => a.ef - b.ef)[0]
}

function threadsFor(builds: readonly BuildFigure[], quantization: Quantization): number {
  const own = builds
    .filter((build) => build.quantization === quantization)
    .map(({ threads, vectorsPerSecond }) => ({ threads, speed: median(vectorsPerSecond) }))
    .sort((a, b) => a.threads - b.threads)
  const best = Math.max(...own.map(({ speed }) => speed))
  return (own.find(({ speed }) => speed >= goodEnough * best) as { threads: number }).threads
}
