/**
 * The one of `names` that was probably meant by `name`, upper and lower case being the same; `undefined` if none is
 * like it.
 */
export function nearestName<Name extends string>(name: string, names: readonly Name[]): Name | undefined {
  // A name of the caller's can be of any length; none of ours is longer than this.
  const start = name.slice(0, 40)
  const given = start.toLowerCase()
  const words = start.split(/[_-]|(?=[A-Z])/).map((word) => word.toLowerCase())
  let nearest: Name | undefined
  let least = Math.max(1, given.length / 2)
  for (const candidate of names) {
    const known = candidate.toLowerCase()
    const distance = words.includes(known) ? sharing(known) : nameDistance(given, known)
    if (distance < least) {
      least = distance
      nearest = candidate
    }
  }
  return nearest
}

/** Less than one edit: a form of it that is shorter (dim) or has more words (topK, numThreads); the more characters, the less. */
const sharing = (common: string) => 1 / (2 + common.length)

/** Edits from one name to the other. A letter that a name begins or ends with is chance, where it is no word. */
function nameDistance(given: string, known: string): number {
  if (given === known) return 0
  const [short, long] = given.length < known.length ? [given, known] : [known, given]
  if (short.length > 1 && (long.startsWith(short) || long.endsWith(short))) return sharing(short)
  return editDistance(given, known)
}

/** Insertions, deletions and replacements between two words (Wagner and Fischer, one row at a time). */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; ++row) {
    const current = [row]
    for (let column = 1; column <= to.length; ++column) {
      const replaced = (previous[column - 1] as number) + (from[row - 1] === to[column - 1] ? 0 : 1)
      const removed = (previous[column] as number) + 1
      const inserted = (current[column - 1] as number) + 1
      current.push(Math.min(replaced, removed, inserted))
    }
    previous = current
  }
  return previous[to.length] as number
}
