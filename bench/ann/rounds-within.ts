/**
 * Makes as many rounds as asked for, or as there is time for: another one is begun only if it would end by then, were it as long
 * as the longest so far. The first is always made.
 *
 * @returns How many were made.
 */
export async function roundsWithin(
  wanted: number,
  untilMs: number,
  work: (round: number) => Promise<void>,
): Promise<number> {
  let longest = 0
  for (let round = 0; round < wanted; round++) {
    const start = performance.now()
    if (round > 0 && start + longest > untilMs) return round
    await work(round)
    longest = Math.max(longest, performance.now() - start)
  }
  return wanted
}
