import type { Quantization } from '../../index-options.ts'
import type { BuildFigure, Measurement, SearchFigure } from './measure.ts'

/** The fastest setting measured that reaches a recall. */
export interface Choice {
  readonly recall: number
  /** Left out where no setting reaches the recall. */
  readonly setting?: SearchFigure
}

export interface Recommendation {
  readonly choices: readonly Choice[]
  /** The one to begin with: the fastest at the middle recall asked for, and threads beyond which a build gains little. */
  readonly parameters?: { readonly quantization: Quantization; readonly ef: number; readonly threads: number }
}

/** A build with fewer threads is as good where it is within this of the fastest. */
const goodEnough = 0.95

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

export function recommend(measurement: Measurement, recalls: readonly number[]): Recommendation {
  const choices = recalls.map((recall) => {
    const setting = fastest(measurement.searches.filter((figure) => figure.recall >= recall))
    return setting === undefined ? { recall } : { recall, setting }
  })
  const main = choices[Math.min(1, choices.length - 1)]?.setting
  if (main === undefined) return { choices }
  const { quantization, ef } = main
  return { choices, parameters: { quantization, ef, threads: threadsFor(measurement.builds, quantization) } }
}

const fastest = (figures: readonly SearchFigure[]): SearchFigure | undefined =>
  figures.reduce<SearchFigure | undefined>(
    (best, figure) =>
      best === undefined || median(figure.queriesPerSecond) > median(best.queriesPerSecond) ? figure : best,
    undefined,
  )

function threadsFor(builds: readonly BuildFigure[], quantization: Quantization): number {
  const own = builds
    .filter((build) => build.quantization === quantization)
    .map(({ threads, vectorsPerSecond }) => ({ threads, speed: median(vectorsPerSecond) }))
    .sort((a, b) => a.threads - b.threads)
  const best = Math.max(...own.map(({ speed }) => speed))
  return (own.find(({ speed }) => speed >= goodEnough * best) as { threads: number }).threads
}
