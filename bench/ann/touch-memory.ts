/** Memory that the machine has at hand. */
import { execFileSync } from 'node:child_process'

const chunkBytes = 1 << 28

/**
 * Has a process of its own fill so much memory and give it back. A virtual machine's host takes away what is not used for a
 * while, and is slow to give it out again: filling 667 MB took 84 to 1,977 ms on the machine of the stored runs. What a package
 * loads into would pay for that, and what reads files into a small buffer would not.
 */
export function touchMemory(bytes: number): void {
  const program = `
    const chunks = []
    for (let left = ${bytes}; left > 0; left -= ${chunkBytes}) chunks.push(Buffer.alloc(Math.min(left, ${chunkBytes}), 1))`
  execFileSync(process.execPath, ['--eval', program])
}
