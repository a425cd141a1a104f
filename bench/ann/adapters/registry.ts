/** Every adapter by name. A factory loads its package, so it throws where the package is not installed. */
import type { Adapter } from './adapter.ts'
import { hnswlibHeaders } from './hnswlib-headers.ts'
import { hnswlibNode } from './hnswlib-node.ts'
import { lancedb } from './lancedb.ts'
import { segvecAdapters } from './segvec.ts'
import { sqliteVec } from './sqlite-vec.ts'
import { usearch } from './usearch.ts'
import { zvec } from './zvec.ts'

export const adapterFactories: Readonly<Record<string, () => Adapter>> = {
  ...Object.fromEntries(segvecAdapters.map((adapter) => [adapter.name, () => adapter])),
  'hnswlib-node': hnswlibNode,
  'hnswlib C++': hnswlibHeaders,
  'usearch f32': () => usearch('f32'),
  'usearch f16': () => usearch('f16'),
  'usearch i8': () => usearch('i8'),
  'usearch u8': () => usearch('u8'),
  '@zvec/zvec float32': () => zvec('float32'),
  '@zvec/zvec int8': () => zvec('int8'),
  '@lancedb/lancedb': lancedb,
  'sqlite-vec': sqliteVec,
}

/** The adapters that `--peers` names, each by its name or by the start of it (`usearch` is both of usearch's). */
export function adaptersNamed(wanted: readonly string[] | undefined): string[] {
  const names = Object.keys(adapterFactories)
  if (wanted === undefined) return names
  return wanted.flatMap((prefix) => {
    const matching = names.includes(prefix)
      ? [prefix]
      : names.filter((name) => name.replace(/^@[^/]*\//, '').startsWith(prefix) || name.startsWith(prefix))
    if (matching.length === 0)
      throw new Error(`no peer is called '${prefix}'; there are: ${names.join(', ')}`)
    return matching
  })
}
