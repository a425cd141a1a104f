import { expect, test } from 'vitest'
import { canMount, fillDisk } from '../support/full-disk.ts'

// Skipped, and reported as such, where the system gives no name spaces to its users.
test.skipIf(!canMount())('a disk that is full after any number of blocks', () => {
  const { steps, failedCommits, syscalls, violations } = fillDisk(100, 150)
  expect(violations).toEqual([])
  expect(failedCommits).toBe(steps - 1)
  expect(failedCommits).toBeGreaterThan(3)
  expect(Object.keys(syscalls)).toContain('pwrite')
})
