import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A path below a fresh directory, removed after the test; nothing is there yet. */
export function temporaryPath(name = 'index'): string {
  const parent = mkdtempSync(join(tmpdir(), 'segvec-test-'))
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }))
  return join(parent, name)
}
