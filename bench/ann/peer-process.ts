import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { PeerAnswers, PeerReply, PeerRequest } from './peer-messages.ts'

export interface Launch {
  readonly environment?: Readonly<Record<string, string>>
  /** A program and its arguments that starts the program named by the rest of its arguments. */
  readonly launcher?: readonly [string, ...string[]]
}

/** A process that has not ended by then, with native threads that do not stop, is killed. */
const mostClosingMs = 10_000

/** One peer in a process of its own, asked one thing at a time. */
export class PeerProcess {
  readonly #child: ChildProcess

  constructor({ environment, launcher = [process.execPath] }: Launch = {}) {
    const [program, ...programArguments] = launcher
    const node = programArguments.length === 0 ? [] : [process.execPath]
    this.#child = fork(fileURLToPath(new URL('peer-main.ts', import.meta.url)), {
      execPath: program,
      execArgv: [...programArguments, ...node, '--import', 'tsx', '--max-old-space-size=8192'],
      env: { ...process.env, ...environment },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
  }

  /** Rejects with the peer's own error, or when its process ends instead of answering. */
  ask<Kind extends PeerRequest['kind']>(request: PeerRequest & { kind: Kind }): Promise<PeerAnswers[Kind]> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        this.#child.off('message', onMessage)
        this.#child.off('exit', onExit)
        act()
      }
      const onMessage = (reply: unknown) =>
        settle(() => {
          const given = reply as PeerReply
          if ('error' in given) reject(new Error(given.error))
          else resolve(given.answer as PeerAnswers[Kind])
        })
      const onExit = (code: number | null, signal: string | null) =>
        settle(() => reject(new Error(`its process ended with ${signal ?? `exit code ${code}`}`)))
      this.#child.on('message', onMessage)
      this.#child.on('exit', onExit)
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        onExit(this.#child.exitCode, this.#child.signalCode)
      } else {
        this.#child.send(request)
      }
    })
  }

  /** Resolves when the process has ended, and its memory is free. */
  close(): Promise<void> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), mostClosingMs)
      child.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      if (child.connected) child.disconnect()
    })
  }
}
