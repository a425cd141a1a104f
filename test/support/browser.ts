import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** A Chromium on this machine: the one that CHROMIUM names, or one on the path. */
export function findBrowser(): string | undefined {
  const named = process.env['CHROMIUM']
  if (named !== undefined && named !== '') return named
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path))
}

interface Reply {
  readonly id?: number
  readonly method?: string
  readonly params?: {
    readonly exceptionDetails?: { readonly text: string }
    readonly entry?: { readonly text: string }
  }
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

const startMs = 20_000

/** One page in a headless Chromium, spoken to in its debugging protocol through a pipe: no port, no package. */
export class BrowserPage {
  /** Uncaught errors, and what the browser itself complains of, such as what the content security policy forbids. */
  readonly problems: string[] = []
  readonly #process: ChildProcess
  readonly #profile: string
  readonly #waiting = new Map<
    number,
    { resolve(value: Record<string, unknown>): void; reject(error: Error): void }
  >()
  #session: string | undefined
  #nextId = 0
  #received = ''

  private constructor(program: string) {
    this.#profile = mkdtempSync(join(tmpdir(), 'segvec-browser-'))
    const flags = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
    ]
    // What is preloaded for segvec's sake, such as a sanitizer, is no business of the browser.
    const { LD_PRELOAD: _, ...env } = process.env
    this.#process = spawn(
      program,
      [...flags, '--remote-debugging-pipe', `--user-data-dir=${this.#profile}`, 'about:blank'],
      // A group of its own: its helpers end with it, and write into the profile no more.
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env, detached: true },
    )
    const output = this.#process.stdio[4] as Readable
    output.setEncoding('utf8').on('data', (text: string) => this.#receive(text))
    this.#process.on('exit', (code, signal) =>
      this.#fail(new Error(`the browser ended with ${signal ?? code}`)),
    )
    this.#process.on('error', (error) => this.#fail(error))
  }

  static async open(program: string): Promise<BrowserPage> {
    const page = new BrowserPage(program)
    const { targetId } = await page.#send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await page.#send('Target.attachToTarget', { targetId, flatten: true })
    page.#session = String(sessionId)
    for (const domain of ['Page', 'Runtime', 'Log']) await page.#send(`${domain}.enable`)
    return page
  }

  /** Shows a page as a screen so wide would, in light or dark colors. */
  async show(
    url: string,
    screen: { width: number; height: number; scheme: 'light' | 'dark' },
  ): Promise<void> {
    const { width, height, scheme } = screen
    const features = [{ name: 'prefers-color-scheme', value: scheme }]
    await this.#send('Emulation.setEmulatedMedia', { features })
    await this.#send('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    })
    await this.#send('Page.navigate', { url })
    const end = performance.now() + startMs
    while (
      !(await this.evaluate<boolean>(`document.readyState === 'complete' && location.href !== 'about:blank'`))
    ) {
      if (performance.now() > end) throw new Error(`${url} was not loaded`)
      await sleep(20)
    }
    // Two frames: observers have reported, and what they draw has been laid out.
    await this.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
  }

  /** The value of an expression on the page; of a promise, what it resolves to. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.#send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    if (answer['exceptionDetails'] !== undefined) throw new Error(JSON.stringify(answer['exceptionDetails']))
    return (answer['result'] as { value: T }).value
  }

  /** The page as a PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.#send('Page.captureScreenshot', { captureBeyondViewport: true })
    return Buffer.from(String(data), 'base64')
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    const { pid, exitCode } = this.#process
    if (pid !== undefined && exitCode === null && process.kill(-pid, 'SIGKILL')) await ended
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }

  #send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#nextId
    const session = this.#session === undefined ? {} : { sessionId: this.#session }
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      const input = this.#process.stdio[3] as Writable
      input.write(`${JSON.stringify({ id, method, params, ...session })}\0`)
    })
  }

  #receive(text: string): void {
    const messages = (this.#received + text).split('\0')
    this.#received = messages.pop() as string
    for (const message of messages) this.#take(JSON.parse(message) as Reply)
  }

  #take({ id, method, params, result, error }: Reply): void {
    if (method === 'Runtime.exceptionThrown') this.problems.push(JSON.stringify(params?.exceptionDetails))
    if (method === 'Log.entryAdded') this.problems.push(String(params?.entry?.text))
    const waiting = id === undefined ? undefined : this.#waiting.get(id)
    if (id === undefined || waiting === undefined) return
    this.#waiting.delete(id)
    if (error === undefined) waiting.resolve(result ?? {})
    else waiting.reject(new Error(error.message))
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
