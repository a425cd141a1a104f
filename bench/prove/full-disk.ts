import { canMount, fillDisk } from '../../test/support/full-disk.ts'
import type { Proof } from './proof.ts'

export const fullDisk: Proof = {
  claim:
    'a disk that is full after any number of 4 KiB blocks: a typed error, the previous generation opens, the live index searches, the next commit succeeds',
  run({ isQuick }) {
    if (!canMount()) {
      return { figures: {}, violations: [], skipped: 'no name spaces for users here (unshare -Urm)' }
    }
    const { violations, syscalls, ...figures } = isQuick ? fillDisk(100, 150) : fillDisk(1500, 3000)
    const calls = Object.entries(syscalls).map(([name, count]) => [`failed in ${name}`, count] as const)
    return { figures: { ...figures, ...Object.fromEntries(calls) }, violations }
  },
}
