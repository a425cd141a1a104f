import { g2, g3, g5, g6, g15 } from './cases.ts'
import { fullDisk } from './full-disk.ts'
import { g1 } from './g1.ts'
import { g4 } from './g4.ts'
import { g9 } from './g9.ts'
import { g14 } from './g14.ts'
import type { Proof } from './proof.ts'

/** Every goal that has a command, by its name: `npm run prove:<name>`. */
export const proofs: Readonly<Record<string, Proof>> = {
  g1,
  g2,
  g3,
  g4,
  g5,
  g6,
  g9,
  g14,
  g15,
  'full-disk': fullDisk,
}
