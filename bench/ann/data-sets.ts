/**
 * The data that benchmarks run on: real sets from the folder named by SEGVEC_DATA (or ../shared/data) where present, the
 * text that every checkout has under its own node_modules, clustered vectors of any shape, and files of vectors.
 */
import { existsSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Metric } from 'segvec'
import { readVectorFile, vectorFileEndings } from 'segvec/vector-files'
import { textCorpus } from '../../corpus/text-corpus.ts'
import { clusteredVectors } from '../../test/support/clustered.ts'

/** Vectors row-major, `count * dimension` floats. */
export interface DataSet {
  readonly name: string
  readonly metric: Metric
  readonly dimension: number
  readonly base: Float32Array
  readonly queries: Float32Array
  /** Of a set that brings its ground truth along. */
  readonly folder?: string
}

/** What it takes to ask an index that is there. */
export type QuerySet = Pick<DataSet, 'metric' | 'dimension' | 'queries'>

const projectFolder = fileURLToPath(new URL('../..', import.meta.url))

export function dataFolder(): string {
  return process.env['SEGVEC_DATA'] ?? join(projectFolder, '..', 'shared', 'data')
}

/** Real sets by name, with the metric each was made for. */
const realSets: Record<string, Metric> = {
  'fashion-mnist-784': 'l2',
  'lsa-delaw-256': 'cosine',
  'sift-corel-128': 'l2',
  'sift-ngt-5k-128': 'l2',
}

export function hasDataSet(name: string): boolean {
  return name === 'text' || (name in realSets && existsSync(join(dataFolder(), 'vectors', name)))
}

/** The names of the real sets that are here, and `text`. */
export const presentSets = (): string[] => [...Object.keys(realSets), 'text'].filter(hasDataSet)

/** The set with its first rows only, where there is a limit. */
export const limitedSet = (set: DataSet, limit: number | undefined): DataSet =>
  limit === undefined ? set : { ...set, base: set.base.slice(0, limit * set.dimension) }

/** What stored results say of a set. */
export const summaryOf = ({ name, metric, dimension, base }: DataSet) => ({
  name,
  rows: base.length / dimension,
  dimension,
  metric,
})

/** What a set's name leaves open. */
export interface SetOptions {
  /** Of a generated set. */
  readonly seed: number
  /** Of a file's vectors. */
  readonly metric: Metric
  /** A file of queries for a file of vectors; without it some of these are held out as such. */
  readonly queries: string | undefined
}

export async function loadDataSet(name: string, { seed, ...ofFile }: SetOptions): Promise<DataSet> {
  if (vectorFileEndings.includes(extname(name))) return loadFile(name, ofFile)
  if (name === 'text') return loadText()
  const clustered = /^clustered:(\d+)x(\d+)$/.exec(name)
  if (clustered !== null) return loadClustered(Number(clustered[1]), Number(clustered[2]), seed)
  const metric = realSets[name]
  if (metric === undefined || !hasDataSet(name)) {
    const known = [
      'text',
      'clustered:<rows>x<dimension>',
      `a file (${vectorFileEndings.join(', ')})`,
      ...Object.keys(realSets),
    ].join(', ')
    throw new Error(`data set '${name}' is not present; known sets: ${known} (folder: ${dataFolder()})`)
  }
  const folder = join(dataFolder(), 'vectors', name)
  const dimension = Number(/-(\d+)$/.exec(name)?.[1])
  return {
    name,
    metric,
    dimension,
    folder,
    base: readVectors(folder, 'base'),
    queries: readVectors(folder, 'query'),
  }
}

/** Reads `name.u8` (one byte a component) or `name.f32` (little-endian floats). */
function readVectors(folder: string, name: string): Float32Array {
  const bytes = join(folder, `${name}.u8`)
  if (existsSync(bytes)) return Float32Array.from(readFileSync(bytes))
  const file = readFileSync(join(folder, `${name}.f32`))
  return new Float32Array(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength))
}

const clusteredQueries = 500
/** Rows per cluster stay about the same when a set grows, so that large sets are not easier than small ones. */
const rowsPerCluster = 250

/** Vectors in overlapping clusters under `l2`; queries are drawn from the same clusters, and are none of the vectors. */
function loadClustered(count: number, dimension: number, seed: number): DataSet {
  const clusterCount = Math.max(1, Math.round(count / rowsPerCluster))
  const vectors = (count: number, seed: number) => clusteredVectors({ count, dimension, clusterCount, seed })
  return {
    name: `clustered-${count}x${dimension}`,
    metric: 'l2',
    dimension,
    base: vectors(count, seed),
    queries: vectors(clusteredQueries, seed + 1),
  }
}

async function loadFile(
  path: string,
  { metric, queries: queriesPath }: Omit<SetOptions, 'seed'>,
): Promise<DataSet> {
  const { vectors, dimension } = await readVectorFile(path)
  const name = basename(path, extname(path))
  if (queriesPath === undefined) return { name, metric, dimension, ...withHeldOut(vectors, dimension) }
  const { vectors: queries } = await readVectorFile(queriesPath, { dimension, limit: mostHeldOut })
  return { name, metric, dimension, base: vectors, queries }
}

async function loadText(): Promise<DataSet> {
  const { vectors, dimension } = await textCorpus()
  return { name: 'text', metric: 'cosine', dimension, ...withHeldOut(vectors, dimension) }
}

const mostHeldOut = 500
const rowsPerHeldOut = 50

/** One row in fifty, spread evenly and 500 at most, becomes a query and leaves the base. */
function withHeldOut(vectors: Float32Array, dimension: number): Pick<DataSet, 'base' | 'queries'> {
  const count = vectors.length / dimension
  const step = Math.max(rowsPerHeldOut, Math.ceil(count / mostHeldOut))
  const isQuery = (row: number) => row % step === step >> 1
  const pick = (wanted: boolean) => {
    const rows = Array.from({ length: count }, (_, row) => row).filter((row) => isQuery(row) === wanted)
    const picked = new Float32Array(rows.length * dimension)
    rows.forEach((row, i) => {
      picked.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension)
    })
    return picked
  }
  return { base: pick(false), queries: pick(true) }
}
