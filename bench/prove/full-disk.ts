import { canMount, fillDisk } from '../../test/support/full-disk.ts'
import type { Proof } from './proof.ts'

export const fullDisk: Proof = {
  claim:
    "a disk that is full after any number of 4 KiB blocks: a typed error, the previous generation opens, the live index searches, the next commit succeeds; with durability: 'log' each acknowledged change is there, and no other",
  run({ isQuick }) {
    if (!canMount()) {
      return { figures: {}, violations: [], skipped: 'no name spaces for users here (unshare -Urm)' }
    }
    const [rows, more] = isQuick ? ([100, 150] as const) : ([1500, 3000] as const)
    const commits = fillDisk('commits', rows, more)
    const logged = fillDisk('loggedChanges', rows, more)
    const calls = Object.entries(commits.syscalls).map(
      ([name, count]) => [`failed in ${name}`, count] as const,
    )
    return {
      figures: {
        steps: commits.steps,
        failedCommits: commits.failures,
        ...Object.fromEntries(calls),
        stepsWithLog: logged.steps,
        failedLoggedChanges: logged.failures,
      },
      violations: [...commits.violations, ...logged.violations],
    }
  },
}
