import { abortable } from './abort.ts'
import { type DirectoryReport, reportOf } from './directory-report.ts'
import { loadAddon } from './native/load.ts'
import { directoryPath } from './open-options.ts'
import { VerifyReports } from './progress.ts'
import { reported } from './reported.ts'
import { readStoreOptions } from './store-options.ts'
import { readVerifyOptions } from './verify-options.ts'

/** The work of `VectorIndex.inspect`. */
export async function inspectDirectory(directory: unknown, options: unknown): Promise<DirectoryReport> {
  const path = directoryPath(directory)
  const { signal } = readStoreOptions(options)
  const addon = loadAddon()
  return abortable(addon, 'inspect', signal, async (token) =>
    reportOf(path, await addon.inspectDirectory(path, token)),
  )
}

/** The work of `VectorIndex.verify`. */
export async function verifyDirectory(directory: unknown, options: unknown): Promise<DirectoryReport> {
  const path = directoryPath(directory)
  const { probes, signal, onProgress } = readVerifyOptions(options)
  const addon = loadAddon()
  const watch = { signal, onProgress, Reports: VerifyReports }
  const report = await reported(addon, 'verify', watch, (token) => addon.verifyDirectory(path, probes, token))
  return reportOf(path, report)
}
