import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const resultsFolder = fileURLToPath(new URL('../results/', import.meta.url))

/** The results that a run of this name left under bench/results, alone or one for each set, by file name. */
export function storedResults<Results>(run: string): Map<string, Results> {
  const files = readdirSync(resultsFolder)
    .filter((file) => file === `${run}.json` || (file.startsWith(`${run}-`) && file.endsWith('.json')))
    .sort()
  return new Map(files.map((file) => [file, JSON.parse(readFileSync(resultsFolder + file, 'utf8'))]))
}
