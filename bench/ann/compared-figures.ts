/** What two runs are compared by. */
import { batchSpeed, buildSpeed, recalls, type Spread, searchSpeed } from './figures-of.ts'
import type { PeerResult } from './results.ts'

export interface Figure {
  readonly name: string
  readonly isSmallerBetter: boolean
  /** False for what does not depend on how fast the machine is. */
  readonly isSpeed: boolean
  of(peer: PeerResult): Spread | undefined
}

const speed = (name: string, of: Figure['of']): Figure => ({
  name,
  isSmallerBetter: false,
  isSpeed: true,
  of,
})

export const speedFigures: readonly Figure[] = [
  speed('build, 1 thread', (peer) => buildSpeed(peer, 'one')),
  speed('build, all threads', (peer) => buildSpeed(peer, 'all')),
  ...recalls.map((recall) => speed(`search at recall ${recall}`, (peer) => searchSpeed(peer, recall))),
  speed('batch search', batchSpeed),
]
