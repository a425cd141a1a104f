import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const program = resolve(import.meta.dirname, '../persistence/programs/fill-disk.mjs')

/** Whether a process may mount file systems in a name space of its own here. */
export function canMount(): boolean {
  return spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
}

export interface FullDisk {
  /** Sizes of the file system that were tried, 4 KiB apart. */
  readonly steps: number
  readonly failedCommits: number
  /** How often each system call was the one that failed. */
  readonly syscalls: Readonly<Record<string, number>>
  readonly violations: readonly string[]
}

/** Runs programs/fill-disk.mjs on a small file system of its own. */
export function fillDisk(rowCount: number, moreCount: number): FullDisk {
  const folder = mkdtempSync(join(tmpdir(), 'segvec-disk-'))
  const script = 'mount -t tmpfs -o size=256m none "$0" && exec "$1" "$2" "$0" "$3" "$4"'
  const args = [folder, process.execPath, program, String(rowCount), String(moreCount)]
  const end = spawnSync('unshare', ['-Urm', 'sh', '-c', script, ...args], {
    encoding: 'utf8',
    cwd: resolve(import.meta.dirname, '../..'),
  })
  rmdirSync(folder)
  if (end.status !== 0) throw new Error(`fill-disk.mjs ended with ${end.status ?? end.signal}: ${end.stderr}`)
  return JSON.parse(end.stdout)
}
