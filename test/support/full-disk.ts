import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const programs = {
  commits: resolve(import.meta.dirname, '../persistence/programs/fill-disk.mjs'),
  loggedChanges: resolve(import.meta.dirname, '../persistence/programs/fill-disk-with-log.mjs'),
}

/** Whether a process may mount file systems in a name space of its own here. */
export function canMount(): boolean {
  return spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
}

export interface FullDisk {
  /** Sizes of the file system that were tried, 4 KiB apart. */
  readonly steps: number
  /** Commits or logged changes that the full disk stopped. */
  readonly failures: number
  /** How often each system call was the one that failed. */
  readonly syscalls: Readonly<Record<string, number>>
  readonly violations: readonly string[]
}

/** Fills a small file system of its own, by commits or by changes that are logged. */
export function fillDisk(by: keyof typeof programs, rowCount: number, moreCount: number): FullDisk {
  const folder = mkdtempSync(join(tmpdir(), 'segvec-disk-'))
  const script = 'mount -t tmpfs -o size=256m none "$0" && exec "$1" "$2" "$0" "$3" "$4"'
  const args = [folder, process.execPath, programs[by], String(rowCount), String(moreCount)]
  const end = spawnSync('unshare', ['-Urm', 'sh', '-c', script, ...args], {
    encoding: 'utf8',
    cwd: resolve(import.meta.dirname, '../..'),
  })
  rmdirSync(folder)
  if (end.status !== 0)
    throw new Error(`filling a disk ended with ${end.status ?? end.signal}: ${end.stderr}`)
  return JSON.parse(end.stdout)
}
