// Where this Node's own headers are, so that node-gyp never has to download any; undefined when they are not installed.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

export function nodeHeadersPrefix() {
  const prefix = dirname(dirname(process.execPath))
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? prefix : undefined
}
