import { mixHash } from './hash.ts'

/** Non-zero entries of each column. 16 of 256 is Li's density of one over the square root of the dimension. */
const blockCount = 16
const blockSize = 16
const blocksPerHash = 6
const bitsPerBlock = 5

/**
 * Adds `weight` times the column of `bucket` of a random projection to `sum` (256 values).
 *
 * The matrix is never stored: a hash of the bucket says, for each of 16 blocks of 16 dimensions, where the column's one
 * entry of the block stands and which sign it has. Its entries are ±1/4, so every column has length 1.
 *
 * Random signs: Achlioptas, "Database-friendly random projections", 2003. Few of them: Li, Hastie, Church,
 * "Very sparse random projections", 2006. One for each block: Kane, Nelson, "Sparser Johnson-Lindenstrauss
 * transforms", arXiv 1012.1577.
 */
export function project(bucket: number, weight: number, sum: Float64Array): void {
  const value = weight / Math.sqrt(blockCount)
  let bits = 0
  for (let block = 0; block < blockCount; block++) {
    if (block % blocksPerHash === 0) bits = mixHash(Math.imul(bucket + 1, 0x9e3779b1) + block)
    const at = block * blockSize + (bits & (blockSize - 1))
    sum[at] = (sum[at] as number) + ((bits & blockSize) === 0 ? value : -value)
    bits >>>= bitsPerBlock
  }
}
