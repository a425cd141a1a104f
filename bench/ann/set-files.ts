/** A data set as raw files, so that each peer's process reads the very same floats. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DataSet, QuerySet } from './data-sets.ts'

const readFloats = (path: string) => {
  const bytes = readFileSync(path)
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}

const namesIn = (folder: string) => ({
  description: join(folder, 'set.json'),
  base: join(folder, 'base.f32'),
  queries: join(folder, 'queries.f32'),
})

export function writeSet(folder: string, { base, ...querySet }: DataSet): void {
  writeQueries(folder, querySet)
  writeFileSync(namesIn(folder).base, base)
}

export function readSet(folder: string): DataSet {
  return { ...(readQueries(folder) as Omit<DataSet, 'base'>), base: readFloats(namesIn(folder).base) }
}

/** A set without its vectors, which the process that asks an index that is there does not need. */
export function writeQueries(folder: string, { queries, ...description }: QuerySet): void {
  const names = namesIn(folder)
  writeFileSync(names.description, JSON.stringify(description))
  writeFileSync(names.queries, queries)
}

export function readQueries(folder: string): QuerySet {
  const names = namesIn(folder)
  return { ...JSON.parse(readFileSync(names.description, 'utf8')), queries: readFloats(names.queries) }
}
