import type { PageHit } from './neighbors.ts'
import type { PagePoints } from './page-data.ts'

/** A hit, together with those behind it that say the same. */
export interface Finding extends PageHit {
  copyCount: number
}

/** The first `count` different texts among `hits`; real documentation holds many texts several times. */
export function foldCopies(hits: readonly PageHit[], { title, text }: PagePoints, count: number): Finding[] {
  const findings = new Map<string, Finding>()
  for (const hit of hits) {
    const words = `${title[hit.point]}\n${text[hit.point]}`
    const known = findings.get(words)
    if (known !== undefined) known.copyCount++
    else if (findings.size < count) findings.set(words, { ...hit, copyCount: 0 })
  }
  return [...findings.values()]
}
