import { readdirSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

/** A file of documentation or declarations, not read yet. */
export interface DocumentFile {
  /** Where to read it. */
  readonly path: string
  /** The same place for people: below the searched folder, starting with its name, always with `/`. */
  readonly file: string
  readonly package: string
  readonly kind: 'markdown' | 'declarations'
}

/** Files above this size are generated data, not documentation: the largest real one, lib.dom.d.ts, has 2.3 MB. */
export const maxFileBytes = 4 * 1024 * 1024

/** Markdown that says nothing about how the software is used. */
const legalOrHistory = /^(licen[cs]e|notice|third[-_]?party|copying|changelog|changes|history)\b/i

/** A path element that is skipped wherever it occurs: caches, `.git`, `.bin`. */
const isHidden = (name: string): boolean => name.startsWith('.')

/**
 * Lists the documents below `folder`: Markdown (without licences and change logs) and type declarations
 * (`.d.ts`, `.d.mts`, `.d.cts`).
 *
 * Order: by path, compared by UTF-16 unit, so it is the same on every machine and in every locale. Hidden
 * folders and symbolic links are not followed; files above {@link maxFileBytes} are left out. A `node_modules` below any other
 * folder is somebody else's documentation and is left out; `folder` may itself be a `node_modules`.
 *
 * @throws the file system's error if `folder` cannot be read.
 */
export function findDocuments(folder: string): DocumentFile[] {
  const root = resolve(folder)
  const rootName = basename(root)
  const isPackages = rootName === 'node_modules'
  const found: DocumentFile[] = []

  const walk = (directory: string, elements: readonly string[]): void => {
    const entries = readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries) {
      if (isHidden(entry.name)) continue
      const path = join(directory, entry.name)
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules' || isPackages) walk(path, [...elements, entry.name])
        continue
      }
      const kind = entry.isFile() ? documentKind(entry.name) : undefined
      if (kind === undefined || statSync(path).size > maxFileBytes) continue
      found.push({
        path,
        file: [rootName, ...elements, entry.name].join('/'),
        package: isPackages ? packageName(elements) : rootName,
        kind,
      })
    }
  }
  walk(root, [])
  return found
}

function documentKind(name: string): DocumentFile['kind'] | undefined {
  if (/\.d\.[cm]?ts$/.test(name)) return 'declarations'
  if (/\.(md|markdown)$/i.test(name) && !legalOrHistory.test(name)) return 'markdown'
  return undefined
}

/** `@scope/name` or `name`, taken from the folders below (the innermost) `node_modules`. */
function packageName(elements: readonly string[]): string {
  const [first = '', second] = elements.slice(elements.lastIndexOf('node_modules') + 1)
  return first.startsWith('@') && second !== undefined ? `${first}/${second}` : first
}
