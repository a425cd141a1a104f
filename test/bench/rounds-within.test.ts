import { describe, expect, test } from 'vitest'
import { roundsWithin } from '../../bench/ann/rounds-within.ts'

describe('rounds within a time', () => {
  const counted = async (wanted: number, untilMs: number) => {
    const rounds: number[] = []
    const made = await roundsWithin(wanted, untilMs, async (round) => {
      rounds.push(round)
    })
    expect(rounds).toHaveLength(made)
    return rounds
  }

  test('are all that were asked for where there is no end', async () => {
    expect(await counted(3, Number.POSITIVE_INFINITY)).toEqual([0, 1, 2])
    expect(await counted(0, Number.POSITIVE_INFINITY)).toEqual([])
  })

  test('are one at least, however late it is', async () => {
    expect(await counted(3, performance.now() - 1)).toEqual([0])
  })
})
