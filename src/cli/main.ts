#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { nearestName } from '../nearest-name.ts'
import { UsageError } from './command.ts'
import { commands } from './commands.ts'

const failureCode = 1
const usageCode = 2
// As when nothing could be looked at: 1 would say of an index that it is damaged.
const unwrittenCode = 2

function overview(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  return `segvec <command> [options]\n\n${lines.join('\n')}\n\nsegvec <command> --help says more; segvec --version names the version.`
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.log(overview())
    return
  }
  if (name === '--version' || name === '-v') {
    console.log(version())
    return
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    const nearest = nearestName(name, Object.keys(commands))
    const guess = nearest === undefined ? '' : `; did you mean '${nearest}'?`
    console.error(`segvec: there is no command '${name}'${guess}\n\n${overview()}`)
    process.exitCode = usageCode
    return
  }
  if (args.includes('--help') || args.includes('-h')) {
    console.log(command.usage)
    return
  }
  try {
    await command.run(args)
  } catch (error) {
    report(name, error)
  }
}

/** A mistake in the command line or in the data is told in one line; anything else is a defect, and keeps its stack. */
function report(name: string, error: unknown): void {
  const { code, message, stack } = error instanceof Error ? (error as Error & { code?: unknown }) : {}
  if (error instanceof UsageError || String(code).startsWith('ERR_PARSE_ARGS')) {
    console.error(`segvec ${name}: ${message}\n'segvec ${name} --help' lists the options.`)
    process.exitCode = usageCode
    return
  }
  const isKnown = typeof code === 'string' && code !== 'INTERNAL'
  console.error(`segvec ${name}: ${isKnown ? `${code}: ${message}` : (stack ?? String(error))}`)
  process.exitCode = failureCode
}

// A reader that has gone away is no reason to end, nor to end otherwise; what could not be written for another reason is missed.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || stream === process.stderr) return
    console.error(`segvec: the output could not be written: ${error.message}`)
    process.exitCode ||= unwrittenCode
  })
}
await main(process.argv.slice(2))
