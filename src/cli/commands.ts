import { bench } from './bench/command.ts'
import type { Command } from './command.ts'

/** Every command by its name. */
export const commands: Readonly<Record<string, Command>> = { bench }
