/** A data set as raw files, so that each peer's process reads the very same floats. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DataSet } from './data-sets.ts'

const readFloats = (path: string) => {
  const bytes = readFileSync(path)
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}

export function writeSet(folder: string, { base, queries, ...description }: DataSet): void {
  writeFileSync(join(folder, 'set.json'), JSON.stringify(description))
  writeFileSync(join(folder, 'base.f32'), base)
  writeFileSync(join(folder, 'queries.f32'), queries)
}

export function readSet(folder: string): DataSet {
  const description = JSON.parse(readFileSync(join(folder, 'set.json'), 'utf8'))
  return {
    ...description,
    base: readFloats(join(folder, 'base.f32')),
    queries: readFloats(join(folder, 'queries.f32')),
  }
}
