// Opens an index for writing and holds it until it is killed.
import { writeSync } from 'node:fs'
import { VectorIndex } from 'segvec'

const [, , path] = process.argv
const index = await VectorIndex.open(path, { dimension: 2 })
writeSync(1, 'open\n')
setInterval(() => index.size, 1000)
