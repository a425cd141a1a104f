import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

export interface ChildEnd {
  readonly code: number | null
  /** Set if the process died of one, as a crash does. */
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

// Long after any of them has ended; one that hangs is killed rather than left behind.
const mostMs = 25_000

const projectRoot = resolve(import.meta.dirname, '../..')

/** Runs an ES module given as text in a Node process of its own, in the project's folder. */
export function runModule(
  source: string,
  { environment = {}, flags = [] }: { environment?: NodeJS.ProcessEnv; flags?: string[] } = {},
): Promise<ChildEnd> {
  return runNode([...flags, '--input-type=module', '--eval', source], environment)
}

/** Runs Node with the arguments given, in the project's folder. */
export function runNode(flags: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<ChildEnd> {
  return new Promise((settle, fail) => {
    const child = spawn(process.execPath, flags, {
      cwd: projectRoot,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: mostMs,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', fail)
    child.on('close', (code, signal) => settle({ code, signal, stdout, stderr }))
  })
}
