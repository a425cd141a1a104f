import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** A fresh folder that is gone when the file's tests are done. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'segvec-test-'))
  afterAll(() => rmSync(path, { recursive: true, force: true }))
  return path
}
