// The file system that the programs beside this one fill up, given as arguments: <mount point> <rows to begin with> <more rows>
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const [, , mountPoint, before, more] = process.argv
export const [rowCount, moreCount] = [Number(before), Number(more)]
export const dimension = 8
/** The errno of a full disk. */
export const noSpace = 28
export const roomyBlocks = 1 << 16
/** The directory of the index. */
export const path = join(mountPoint, 'index')

/** Makes the file system so many blocks of 4 KiB large. */
export const resize = (blocks) => execFileSync('mount', ['-o', `remount,size=${blocks * 4}k`, mountPoint])

export const vectors = (count, seed) =>
  Float32Array.from({ length: count * dimension }, (_, i) => Math.sin(i * 12.9898 + seed))
