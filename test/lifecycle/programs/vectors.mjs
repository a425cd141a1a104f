/** Deterministic vectors that are cheap to make: these programs test life and death, not recall. */
export function makeVectors(count, dimension) {
  return Float32Array.from({ length: count * dimension }, (_, at) => ((at * 7919) % 10_007) / 97)
}
