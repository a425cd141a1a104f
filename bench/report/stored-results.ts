import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { BenchResults } from '../ann/results.ts'

const resultsFolder = fileURLToPath(new URL('../results/', import.meta.url))

/** The results that a run of this name left under bench/results, by file name. */
export function storedResults(run: string): Map<string, BenchResults> {
  const files = readdirSync(resultsFolder)
    .filter((file) => file.startsWith(`${run}-`) && file.endsWith('.json'))
    .sort()
  return new Map(files.map((file) => [file, JSON.parse(readFileSync(resultsFolder + file, 'utf8'))]))
}
