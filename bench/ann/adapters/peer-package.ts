/** Loads a package from bench/peers, where they live apart from the project's own dependencies. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const peersFolder = new URL('../../peers/', import.meta.url)
const require = createRequire(new URL('package.json', peersFolder))

export const loadPeer = <T>(name: string): T => require(name) as T

export const peerFolder = (name: string): string =>
  fileURLToPath(new URL(`node_modules/${name}`, peersFolder))

export const peerVersion = (name: string): string =>
  (JSON.parse(readFileSync(`${peerFolder(name)}/package.json`, 'utf8')) as { version: string }).version
