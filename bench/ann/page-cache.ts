/** What the operating system keeps of files in memory, and how fast it hands files over with and without that. */
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Every file below a folder. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Bytes that the files below a folder take on the disk: holes are not counted. */
export function diskBytes(folder: string): number {
  return filesBelow(folder).reduce((sum, file) => sum + statSync(file).blocks * 512, 0)
}

/** Whether the system can be asked to forget files: that takes GNU `dd`. */
export const canEvict = (): boolean =>
  process.platform === 'linux' && spawnSync('dd', ['--version'], { encoding: 'utf8' }).stdout?.includes('GNU')

/**
 * Has the system forget what it keeps of the files, so that the next read comes from the disk, or from whatever the disk of a
 * virtual machine is.
 */
export function evict(files: readonly string[]): void {
  for (const file of files) {
    // Only what is on the disk already can be forgotten.
    execFileSync('sync', [file])
    execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none'])
  }
}

const chunkBytes = 4 << 20

/** Reads files from their beginning to their end once, with one thread and without looking at them; in bytes per second. */
export function sequentialReadSpeed(files: readonly string[]): number {
  // Filled, so that its own pages are there before the clock starts.
  const chunk = Buffer.alloc(chunkBytes, 1)
  const start = performance.now()
  let total = 0
  for (const file of files) {
    const descriptor = openSync(file, 'r')
    for (let read = 1; read > 0; total += read) read = readSync(descriptor, chunk, 0, chunkBytes, null)
    closeSync(descriptor)
  }
  return total / ((performance.now() - start) / 1000)
}
