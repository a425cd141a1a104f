import { bench } from './bench/command.ts'
import type { Command } from './command.ts'
import { inspect } from './directory/inspect.ts'
import { verify } from './directory/verify.ts'

/** Every command by its name. */
export const commands: Readonly<Record<string, Command>> = { bench, inspect, verify }
