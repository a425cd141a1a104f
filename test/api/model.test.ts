import fc from 'fast-check'
import { type SearchHit, VectorIndex } from 'segvec'
import { expect, test } from 'vitest'

// Whole numbers: their distances are exact, and many of them equal.
const component = fc.integer({ min: -3, max: 3 })
const vector = fc.tuple(component, component, component)
const id = fc.integer({ min: 0, max: 60 })
const row = fc.record({ id, vector })
const operation = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    rows: fc.uniqueArray(row, { maxLength: 25, selector: (one) => one.id }),
  }),
  fc.record({ kind: fc.constant('upsert' as const), rows: fc.array(row, { maxLength: 25 }) }),
  fc.record({ kind: fc.constant('remove' as const), ids: fc.array(id, { maxLength: 25 }) }),
  fc.record({ kind: fc.constant('search' as const), query: vector, k: fc.integer({ min: 1, max: 70 }) }),
)
const settings = fc.record({
  segmentCapacity: fc.constantFrom(3, 10, 1000),
  growingSegments: fc.integer({ min: 1, max: 2 }),
  quantization: fc.constantFrom('int8' as const, 'none' as const),
})

type Model = Map<number, readonly number[]>

function nearest(model: Model, query: readonly number[], k: number): SearchHit[] {
  const hits = [...model].map(([hit, stored]) => ({
    id: hit,
    distance: stored.reduce((sum, value, at) => sum + (value - (query[at] as number)) ** 2, 0),
  }))
  return hits.sort((a, b) => a.distance - b.distance || a.id - b.id).slice(0, k)
}

test('random adds, upserts, removes and searches do what a Map does', async () => {
  await fc.assert(
    fc.asyncProperty(settings, fc.array(operation, { maxLength: 30 }), async (options, operations) => {
      const index = new VectorIndex({ dimension: 3, metric: 'l2', threads: 2, ...options })
      const model: Model = new Map()
      for (const step of operations) {
        if (step.kind === 'search') {
          const hits = await index.search(step.query, { k: step.k })
          expect(hits).toEqual(nearest(model, step.query, step.k))
        } else if (step.kind === 'remove') {
          const expected = new Set(step.ids.filter((known) => model.has(known))).size
          expect(await index.remove(step.ids)).toBe(expected)
          for (const gone of step.ids) model.delete(gone)
        } else {
          const ids = step.rows.map((one) => one.id)
          const taken = step.kind === 'add' && ids.some((known) => model.has(known))
          const call = index[step.kind](
            ids,
            step.rows.map((one) => one.vector),
          )
          if (taken || new Set(ids).size < ids.length) {
            await expect(call).rejects.toMatchObject({ code: 'DUPLICATE_ID' })
          } else {
            expect(await call).toEqual(ids)
            for (const one of step.rows) model.set(one.id, one.vector)
          }
        }
        expect(index.size).toBe(model.size)
      }
      const entries = new Map<number, number[]>()
      for await (const entry of index.entries()) entries.set(entry.id, [...entry.vector])
      expect(entries).toEqual(new Map(model))
      for (let asked = 0; asked <= 60; ++asked) {
        expect(index.has(asked)).toBe(model.has(asked))
        expect(index.get(asked)).toEqual(
          model.has(asked) ? Float32Array.from(model.get(asked) as number[]) : undefined,
        )
      }
      await index.close()
    }),
    { numRuns: 150, seed: 20_261_121 },
  )
})
