import type { DirectoryReport, StoredFile, StoredGeneration } from '../../directory-report.ts'
import { table } from '../table.ts'

const count = (value: number) => value.toLocaleString('en-US')

const plural = (value: number, one: string) => `${count(value)} ${one}${value === 1 ? '' : 's'}`

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** "1,234 bytes", "5.6 MiB". */
export function size(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 10_000 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${count(Number(value.toFixed(unit === 0 ? 0 : 1)))} ${units[unit]}`
}

const total = (files: readonly StoredFile[]) => files.reduce((sum, file) => sum + file.bytes, 0)

/** What a file is called where space is short: its name says the rest. */
const fileRow = (file: StoredFile) => [
  file.name,
  file.state,
  size(file.bytes),
  file.generations.length === 0 ? '-' : file.generations.join(' '),
]

export function filesTable(files: readonly StoredFile[]): string {
  return table(['file', 'state', 'size', 'generations'], files.map(fileRow))
}

/** The graphs that `verify` has walked. */
export function checksTable(files: readonly StoredFile[]): string {
  const rows = files.flatMap(({ name, check }) =>
    check === undefined
      ? []
      : [
          [
            name,
            count(check.vectorCount),
            count(check.slotCount - check.vectorCount),
            check.hasGraph ? count(check.unreachableCount) : '-',
            check.probeCount > 0 ? check.recall.toFixed(3) : '-',
          ],
        ],
  )
  return table(['segment file', 'vectors', 'dead', 'unreachable', 'recall@10'], rows)
}

function describeOptions({ options }: StoredGeneration): string {
  return Object.entries(options ?? {})
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

function segmentsTable({ segments }: StoredGeneration): string {
  const rows = (segments ?? []).map(({ number, vectorCount, deadCount, bytes, file }) => [
    String(number),
    count(vectorCount),
    count(deadCount),
    size(bytes),
    file,
  ])
  return table(['segment', 'vectors', 'dead', 'size', 'file'], rows)
}

function describeGeneration(generation: StoredGeneration, files: readonly StoredFile[]): string {
  const title = `generation ${generation.generation}`
  if (generation.segments === undefined) return `${title}: ${generation.error?.message}`
  const own = files.filter((file) => file.generations.includes(generation.generation))
  const summary = `${plural(generation.vectorCount ?? 0, 'vector')} in ${plural(generation.segments.length, 'segment')}, ${size(total(own))}`
  const lines = [`${title}: ${summary}`]
  const logs = own.filter((file) => file.kind === 'log')
  if (logs.length > 0) {
    lines.push(`  what ${logs.map((file) => file.name).join(', ')} may hold of later changes is not counted`)
  }
  if (generation.error !== undefined) lines.push(`  ${generation.error.message}`)
  if (generation.segments.length > 0) lines.push(segmentsTable(generation))
  return lines.join('\n')
}

/** The whole directory, for people. */
export function describeDirectory(report: DirectoryReport): string {
  const { directory, generations, files } = report
  const newest = generations.find(({ options }) => options !== undefined)
  return [
    directory,
    newest === undefined ? 'no manifest says what the files are' : describeOptions(newest),
    ...generations.map((generation) => describeGeneration(generation, files)),
    filesTable(files),
  ].join('\n\n')
}

/** What a verification found, for people. */
export function describeVerification(report: DirectoryReport): string {
  const { directory, generations, files, isSound } = report
  const faults = [
    ...files.flatMap(({ error }) => error?.message ?? []),
    ...generations.flatMap(({ error }) => error?.message ?? []),
  ]
  const named = files.filter((file) => file.generations.length > 0)
  const verdict = isSound
    ? `sound: ${plural(generations.length, 'generation')}, ${plural(named.length, 'file')}, ${size(total(named))}`
    : `DAMAGED: ${generations.length === 0 ? 'no manifest says what the files are' : plural(new Set(faults).size, 'fault')}`
  const sections = [directory, filesTable(files)]
  if (files.some(({ check }) => check !== undefined)) sections.push(checksTable(files))
  if (faults.length > 0) sections.push([...new Set(faults)].map((fault) => `  ${fault}`).join('\n'))
  return [...sections, verdict].join('\n\n')
}
