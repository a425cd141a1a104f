import type { DirectoryReport } from '../../directory-report.ts'
import { SegvecError } from '../../errors.ts'

/** A report as JSON, its errors with all that programs can read from them. */
export function reportJson(report: DirectoryReport & Record<string, unknown>): string {
  const withErrors = (_: string, value: unknown) => {
    if (!(value instanceof SegvecError)) return value
    const { code, message, syscall, path, errno, offset, section } = value
    return { code, message, syscall, path, errno, offset, section }
  }
  return JSON.stringify(report, withErrors, 1)
}
