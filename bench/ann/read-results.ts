import { readFileSync } from 'node:fs'
import type { BenchResults } from './results.ts'

export const readResults = (path: string): BenchResults => JSON.parse(readFileSync(path, 'utf8'))
