import { parseArgs } from 'node:util'
import { UsageError } from '../command.ts'

/** The command line of a command about one directory. */
export interface DirectoryOptions {
  readonly directory: string
  readonly isJson: boolean
  /** As they were given; `undefined` for those left out. */
  readonly values: Readonly<Record<string, string | undefined>>
}

/** Reads `<directory> [--json]` and options of the command's own, which take a value. @throws {UsageError} */
export function readDirectoryOptions(args: readonly string[], own: readonly string[] = []): DirectoryOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      ...Object.fromEntries(own.map((name) => [name, { type: 'string' } as const])),
    },
  })
  const [directory, more] = positionals
  if (directory === undefined) throw new UsageError('expected the directory of an index')
  if (more !== undefined) throw new UsageError(`expected one directory, got also '${more}'`)
  const { json, ...others } = values as { json: boolean } & Record<string, string | undefined>
  return { directory, isJson: json, values: others }
}
