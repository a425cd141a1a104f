import { SegvecError } from '../../errors.ts'
import { verifyDirectory } from '../../verify.ts'
import { type Command, UsageError } from '../command.ts'
import { ProgressBar } from '../progress-bar.ts'
import { reportJson } from './json.ts'
import { readDirectoryOptions } from './options.ts'
import { describeVerification } from './tables.ts'

const usage = `segvec verify <directory> [options]

Checks an index on disk in full: every file of every generation against its checksums, every graph, and recall of stored
vectors against an exact scan. Takes no lock and changes nothing; a writer may go on.

  --probes <n>   vectors of each segment that are searched for (32)
  --json         print the report as JSON

Exit code: 0 when all is sound, 1 when anything is damaged or missing, 2 when it could not be checked.`

const damagedCode = 1
const uncheckedCode = 2

export const verify: Command = {
  summary: 'checks every file and every graph of an index on disk',
  usage,
  async run(args) {
    const { directory, isJson, values } = readDirectoryOptions(args, ['probes'])
    const probes = values['probes'] === undefined ? undefined : Number(values['probes'])
    if (values['probes'] === '' || (probes !== undefined && !Number.isSafeInteger(probes))) {
      throw new UsageError(`--probes is '${values['probes']}'; expected a whole number`)
    }
    const bar = new ProgressBar()
    bar.step(`verify ${directory}`)
    const startMs = performance.now()
    const onProgress = ({ checkedBytes, totalBytes }: { checkedBytes: number; totalBytes: number }) => {
      if (totalBytes > 0) bar.update(checkedBytes / totalBytes)
    }
    try {
      const report = await verifyDirectory(directory, { probes, onProgress })
      bar.clear()
      const elapsedMs = performance.now() - startMs
      console.log(isJson ? reportJson({ ...report, elapsedMs }) : describeVerification(report))
      if (!report.isSound) process.exitCode = damagedCode
    } catch (error) {
      bar.clear()
      process.exitCode = uncheckedCode
      const isKnown = error instanceof SegvecError && error.code !== 'INTERNAL'
      console.error(`segvec verify: ${isKnown ? `${error.code}: ${error.message}` : (error as Error).stack}`)
    }
  },
}
