/** Compiles bench/native/hnswlib_headers.cc against the headers inside hnswlib-node and talks to it line by line. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Adapter, SearchPass } from './adapter.ts'
import { peerFolder, peerVersion } from './peer-package.ts'
import { scratchFolder } from './scratch-folder.ts'
import { oneAndAllThreads } from './threads.ts'

const flags = ['-std=c++17', '-O3', '-march=native', '-DNDEBUG', '-pthread']

function compile(): string {
  const folder = fileURLToPath(new URL('../../../build/bench', import.meta.url))
  const source = fileURLToPath(new URL('../../native/hnswlib_headers.cc', import.meta.url))
  const program = join(folder, 'hnswlib_headers')
  mkdirSync(folder, { recursive: true })
  const headers = join(peerFolder('hnswlib-node'), 'src', 'hnswlib')
  execFileSync(process.env['CXX'] ?? 'c++', [...flags, `-isystem${headers}`, source, '-o', program], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return program
}

export function hnswlibHeaders(): Adapter {
  const program = compile()
  return {
    name: 'hnswlib C++',
    group: 'hnswlib C++',
    version: `headers of hnswlib-node ${peerVersion('hnswlib-node')}`,
    notes: `float32, compiled with ${flags.slice(1).join(' ')}; a C++ program, no JavaScript on the clock`,
    threadCounts: oneAndAllThreads,
    variants: [''],
    isInProcess: false,
    async prepare(set) {
      const folder = scratchFolder()
      const base = join(folder.path, 'base.f32')
      const queries = join(folder.path, 'queries.f32')
      writeFileSync(base, set.base)
      writeFileSync(queries, set.queries)
      const ask = startProgram(program, [set.metric, String(set.dimension), base, queries])
      return {
        async build({ M, efConstruction, threads }) {
          await ask(`build ${M} ${efConstruction} ${threads}`)
          return {
            searchAll: ({ k, ef }) => ask(`search ${k} ${ef}`) as Promise<SearchPass>,
            latenciesMs: async ({ k, ef }) =>
              Float64Array.from((await ask(`latency ${k} ${ef}`)) as number[]),
            close() {},
          }
        },
      }
    },
  }
}

function startProgram(program: string, parameters: string[]): (command: string) => Promise<unknown> {
  const child = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'inherit'] })
  process.on('exit', () => child.kill())
  const ended = new Promise<never>((_, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => reject(new Error(`hnswlib_headers ended with ${code ?? signal}`)))
  })
  ended.catch(() => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async (command) => {
    child.stdin.write(`${command}\n`)
    const { value } = await Promise.race([lines.next(), ended])
    return JSON.parse(value as string)
  }
}
