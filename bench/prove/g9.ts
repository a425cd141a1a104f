import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VectorIndex } from 'segvec'
import { largestDelay } from '../ann/event-loop-delay.ts'
import { median } from '../ann/metrics.ts'
import type { Proof } from './proof.ts'

const dimension = 128
const mostDelayMs = 20
const rounds = { full: 5, quick: 1 }
const rows = { full: 100_000, quick: 10_000 }

export const g9: Proof = {
  claim: `the event loop turns at least every ${mostDelayMs} ms (median of the largest gaps) while an index is added to, committed, opened, verified, compacted, and carried over as bytes`,
  async run({ seed, isQuick }) {
    const count = isQuick ? rows.quick : rows.full
    const vectors = Float32Array.from({ length: count * dimension }, (_, i) => Math.sin(i * 12.9898 + seed))
    const delays: Record<string, number[]> = {}
    const watch = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const { delayMs, value } = await largestDelay(work)
      delays[name] = [...(delays[name] ?? []), delayMs]
      return value
    }
    for (let round = 0; round < (isQuick ? rounds.quick : rounds.full); ++round) {
      const path = join(mkdtempSync(join(tmpdir(), 'segvec-prove-')), 'index')
      const index = await VectorIndex.open(path, {
        dimension,
        metric: 'l2',
        growingSegments: 2,
        compaction: 'manual',
      })
      await watch('add', () => index.add(vectors))
      await watch('commit', () => index.commit())
      await watch('compact', () => index.compact())
      await watch('commit after compact', () => index.commit())
      const bytes = await watch('toBuffer', () => index.toBuffer())
      await index.close()
      const copy = await watch('fromBuffer', () => VectorIndex.fromBuffer(bytes))
      await copy.close()
      const reader = await watch('open', () => VectorIndex.open(path, { readOnly: true }))
      await reader.close()
      const mapped = await watch('open mapped', () =>
        VectorIndex.open(path, { readOnly: true, load: 'mmap' }),
      )
      await mapped.close()
      await watch('verify', () => VectorIndex.verify(path))
      rmSync(join(path, '..'), { recursive: true })
    }
    const rounded = (value: number) => Number(value.toFixed(1))
    const medians = Object.entries(delays).map(([name, values]) => [name, rounded(median(values))] as const)
    const worst = Object.entries(delays).map(
      ([name, values]) => [`${name}, worst`, rounded(Math.max(...values))] as const,
    )
    return {
      figures: { rows: count, dimension, ...Object.fromEntries(medians), ...Object.fromEntries(worst) },
      violations: medians
        .filter(([, delay]) => delay > mostDelayMs)
        .map(([name, delay]) => `${name}: ${delay} ms`),
    }
  },
}
