import { inspectDirectory } from '../../verify.ts'
import type { Command } from '../command.ts'
import { reportJson } from './json.ts'
import { readDirectoryOptions } from './options.ts'
import { describeDirectory } from './tables.ts'

const usage = `segvec inspect <directory> [options]

Shows what is in the directory of an index: its options, its generations, the segments of each, and every file with its
size. Reads no vectors and takes no lock. Exit code: 0 when it was shown, damaged or not ('segvec verify' tells), 1 when it
could not be.

  --json   print it as JSON`

export const inspect: Command = {
  summary: 'shows what is in the directory of an index',
  usage,
  async run(args) {
    const { directory, isJson } = readDirectoryOptions(args)
    const report = await inspectDirectory(directory, undefined)
    console.log(isJson ? reportJson({ ...report }) : describeDirectory(report))
  },
}
