import { expect, test } from 'vitest'
import { canMount, fillDisk } from '../support/full-disk.ts'

// Skipped, and reported as such, where the system gives no name spaces to its users.
test.skipIf(!canMount()).each(['commits', 'loggedChanges'] as const)(
  'a disk that is full after any number of blocks: %s',
  (by) => {
    const { steps, failures, syscalls, violations } = fillDisk(by, 100, 150)
    expect(violations).toEqual([])
    expect(failures).toBe(steps - 1)
    expect(failures).toBeGreaterThan(2)
    expect(Object.keys(syscalls)).toContain('pwrite')
  },
)
