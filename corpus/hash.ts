/**
 * 32-bit hashing for features and projections. Not cryptographic; the same on every machine and run.
 *
 * FNV-1a takes the characters in (Fowler, Noll, Vo), MurmurHash3's finalizer (Appleby, public domain) spreads the bits.
 */

export const hashSeed = 0x811c9dc5

/** Adds one UTF-16 unit to a running hash; start with {@link hashSeed} (or a hash, to prefix it). */
export function hashStep(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193)
}

/** Spreads every input bit over all 32 output bits; the result is unsigned. */
export function mixHash(hash: number): number {
  let mixed = hash ^ (hash >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** The unmixed hash of a whole text. */
export function hashText(text: string, seed: number = hashSeed): number {
  let hash = seed
  for (let at = 0; at < text.length; at++) hash = hashStep(hash, text.charCodeAt(at))
  return hash
}
