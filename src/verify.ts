import { AbortWatch, abortable } from './abort.ts'
import { type DirectoryReport, reportOf } from './directory-report.ts'
import type { NativeVerification } from './native/addon.ts'
import { loadAddon } from './native/load.ts'
import { directoryPath } from './open-options.ts'
import { VerifyReports } from './progress.ts'
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
  const abort = new AbortWatch(signal, 'verify')
  const token = signal || onProgress ? new addon.CancelToken() : undefined
  let running: NativeVerification | undefined
  const cancel = () => token?.cancel()
  const progress = onProgress && new VerifyReports(onProgress, () => running?.progress(), cancel)
  abort.onAbort(cancel)
  try {
    let report: DirectoryReport
    try {
      running = addon.verifyDirectory(path, probes, token)
      report = reportOf(path, await running.finished)
    } catch (error) {
      progress?.throwFailure()
      throw abort.fromNative(error)
    }
    await progress?.finish()
    return report
  } finally {
    progress?.stop()
    abort.dispose()
  }
}
