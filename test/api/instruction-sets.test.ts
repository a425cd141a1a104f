import { instructionSets } from 'segvec'
import { describe, expect, test } from 'vitest'
import { runModule } from '../support/child.ts'

describe('instructionSets', () => {
  test('names the one in use among those of this machine', () => {
    const { selected, available } = instructionSets()
    expect(available).toContain(selected)
    expect(available).toContain('scalar')
    expect(new Set(available).size).toBe(available.length)
  })

  test.each(instructionSets().available)(
    '%s can be forced, and all agree on the neighbours',
    async (name) => {
      const program = `
      import { instructionSets, VectorIndex } from 'segvec'
      const index = new VectorIndex({ dimension: 37, metric: 'l2' })
      const value = (at) => ((at * 7919) % 1009) / 8
      await index.add(Float32Array.from({ length: 37 * 500 }, (_, at) => value(at)))
      const query = Float32Array.from({ length: 37 }, (_, at) => value(at + 12345))
      const ids = index.searchSync(query, { exact: true }).map((hit) => hit.id)
      console.log(JSON.stringify({ selected: instructionSets().selected, ids }))`
      const run = async (environment: NodeJS.ProcessEnv) => {
        const { code, stdout, stderr } = await runModule(program, { environment })
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        return JSON.parse(stdout) as { selected: string; ids: number[] }
      }
      const forced = await run({ SEGVEC_SIMD: name })
      expect(forced.selected).toBe(name)
      expect(forced.ids).toEqual((await run({ SEGVEC_SIMD: 'scalar' })).ids)
    },
  )

  test('one that this machine does not have is an INVALID_ARGUMENT that lists those it has', async () => {
    const program = `
      import { instructionSets, SegvecError, VectorIndex } from 'segvec'
      for (const call of [() => instructionSets(), () => new VectorIndex({ dimension: 1 })]) {
        try {
          call()
          console.log('no error')
        } catch (error) {
          console.log(error instanceof SegvecError, error.code, error.message)
        }
      }`
    const { code, stdout } = await runModule(program, { environment: { SEGVEC_SIMD: 'abacus' } })
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    for (const line of lines) expect(line).toMatch(/^true INVALID_ARGUMENT .*'abacus'.*scalar/)
  })
})
