import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { errorCodes } from 'segvec'
import { expect, test } from 'vitest'

const built = resolve(import.meta.dirname, '../../build/addon/Release/segvec.node')

test('the codes are those of the native addon, and the one for an addon that cannot be loaded', () => {
  const addon = createRequire(import.meta.url)(process.env['SEGVEC_ADDON'] ?? built) as {
    errorCodes: string[]
  }
  expect([...addon.errorCodes, 'LOAD_FAILED'].sort()).toEqual([...errorCodes].sort())
})
