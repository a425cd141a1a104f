import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readVectorFile, vectorFileEndings } from 'segvec/vector-files'
import { describe, expect, test } from 'vitest'
import { expectRejection } from '../support/failures.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { bytesOf, npyBytes, vecsBytes } from '../support/vector-bytes.ts'

const folder = temporaryFolder()
let written = 0

/** The path of a new file with these bytes. */
function file(ending: string, bytes: Uint8Array): string {
  const path = join(folder, `file-${++written}${ending}`)
  writeFileSync(path, bytes)
  return path
}

const twoByThree = [1, 2, 3, 4, 5, 6]
const expected = { vectors: Float32Array.from(twoByThree), count: 2, dimension: 3 }

test('a file: URL is a path, too', async () => {
  const url = pathToFileURL(file('.fvecs', vecsBytes([Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)])))
  expect(await readVectorFile(url)).toEqual(expected)
  const nowhere = new URL('https://example.org/a.npy')
  await expectRejection(() => readVectorFile(nowhere), 'INVALID_ARGUMENT', 'file is a URL that is no file')
})

describe('readVectorFile', () => {
  test.each([
    ['<f8', Float64Array.from(twoByThree)],
    ['<f4', Float32Array.from(twoByThree)],
    ['<f2', Uint16Array.of(0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600)],
    ['|u1', Uint8Array.from(twoByThree)],
    ['|i1', Int8Array.from(twoByThree)],
  ])('reads .npy of %s', async (descr, data) => {
    for (const version of [1, 2, 3]) {
      const path = file('.npy', npyBytes(data, { descr, shape: '2, 3', version }))
      expect(await readVectorFile(path)).toEqual(expected)
    }
  })

  test('reads halves of every kind', async () => {
    const halves = Uint16Array.of(0x0001, 0x03ff, 0x0400, 0x7bff, 0xc000, 0x8000, 0x7c00, 0x7e00)
    const path = file('.npy', npyBytes(halves, { descr: '<f2', shape: '1, 8' }))
    const { vectors } = await readVectorFile(path)
    expect([...vectors]).toEqual([
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      65_504,
      -2,
      -0,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ])
  })

  test('reads signed bytes', async () => {
    const path = file('.i8', Uint8Array.of(0xff, 0x80))
    expect((await readVectorFile(path, { dimension: 2 })).vectors).toEqual(Float32Array.of(-1, -128))
  })

  test('reads .fvecs and .bvecs', async () => {
    const rows = [twoByThree.slice(0, 3), twoByThree.slice(3)]
    const floats = file('.fvecs', vecsBytes(rows.map((row) => Float32Array.from(row))))
    const bytes = file('.bvecs', vecsBytes(rows.map((row) => Uint8Array.from(row))))
    expect(await readVectorFile(floats)).toEqual(expected)
    expect(await readVectorFile(bytes)).toEqual(expected)
  })

  test('reads bare values, their dimension an option or in a file beside them', async () => {
    const path = file('.f32', bytesOf(expected.vectors))
    expect(await readVectorFile(path, { dimension: 3 })).toEqual(expected)
    writeFileSync(`${path}.shape`, '2 3\n')
    expect(await readVectorFile(path)).toEqual(expected)
    const described = join(folder, 'described')
    mkdirSync(described)
    writeFileSync(join(described, 'base.u8'), Uint8Array.from(twoByThree))
    writeFileSync(join(described, 'meta.json'), '{ "dim": 3 }')
    expect(await readVectorFile(join(described, 'base.u8'))).toEqual(expected)
  })

  test('reads no more than the limit, and files larger than a slice whole', async () => {
    const dimension = 1000
    const rows = Array.from({ length: 2500 }, (_, row) => new Float32Array(dimension).fill(row))
    const path = file('.fvecs', vecsBytes(rows))
    const all = await readVectorFile(path)
    expect(all).toMatchObject({ count: 2500, dimension })
    expect([0, 1047, 1048, 2499].map((row) => all.vectors[row * dimension + 999])).toEqual([
      0, 1047, 1048, 2499,
    ])
    const some = await readVectorFile(path, { limit: 3 })
    expect(some.vectors).toEqual(all.vectors.slice(0, 3 * dimension))
  })

  test('an empty file of a known dimension holds no vectors', async () => {
    expect(await readVectorFile(file('.u8', new Uint8Array(0)), { dimension: 4 })).toMatchObject({ count: 0 })
  })

  const floats = Float32Array.from(twoByThree)
  const whole = npyBytes(floats, { descr: '<f4', shape: '2, 3' })
  const vecs = vecsBytes([floats, floats])
  const secondRowLonger = Buffer.from(vecs)
  secondRowLonger.writeInt32LE(7, vecs.length / 2)
  const hugeHeader = Buffer.from(npyBytes(floats, { descr: '<f4', shape: '2, 3', version: 2 }))
  hugeHeader.writeUInt32LE(0xffffffff, 8)

  test.each([
    ['.npy', whole.subarray(0, -1), 'CORRUPT', /holds 23 bytes of values; expected 24/],
    ['.npy', Buffer.concat([whole, Buffer.alloc(1)]), 'CORRUPT', /holds 25 bytes/],
    ['.npy', whole.subarray(0, 5), 'CORRUPT', /does not begin/],
    ['.npy', Buffer.alloc(100), 'CORRUPT', /does not begin/],
    ['.npy', hugeHeader, 'CORRUPT', /header claims 4294967295 bytes/],
    ['.npy', npyBytes(floats, { descr: '<f4', shape: '6,' }), 'INVALID_ARGUMENT', /shape \(6,\)/],
    ['.npy', npyBytes(floats, { descr: '<f4', shape: '1, 2, 3' }), 'INVALID_ARGUMENT', /shape/],
    ['.npy', npyBytes(floats, { descr: '>f4', shape: '2, 3' }), 'INVALID_ARGUMENT', /'>f4'/],
    ['.npy', npyBytes(floats, { descr: '<f4', shape: '2, 3', order: 'True' }), 'INVALID_ARGUMENT', /Fortran/],
    ['.npy', npyBytes(floats, { descr: '<f4', shape: '99999999999999999999, 3' }), 'CORRUPT', /rows/],
    ['.npy', npyBytes(floats, { descr: '<f4', shape: '2, 0' }), 'INVALID_ARGUMENT', /dimension is 0/],
    ['.fvecs', vecs.subarray(0, -1), 'CORRUPT', /multiple of 28/],
    ['.fvecs', vecs.subarray(0, 2), 'CORRUPT', /holds 2 bytes/],
    ['.fvecs', new Uint8Array(28), 'CORRUPT', /dimension 0/],
    ['.fvecs', secondRowLonger, 'CORRUPT', /row 1 has dimension 7; expected 6/],
    ['.f32', new Uint8Array(12), 'INVALID_ARGUMENT', /dimension is not known/],
    ['.csv', new Uint8Array(12), 'INVALID_ARGUMENT', /ending is none of/],
  ] as const)('refuses a bad %s file (%#)', async (ending, bytes, code, message) => {
    const path = file(ending, bytes)
    const error = await expectRejection(() => readVectorFile(path), code, message)
    expect(error.message).toContain(path)
  })

  test('refuses what is no file, and options that fit nothing', async () => {
    const bare = file('.u8', new Uint8Array(12))
    const npy = file('.npy', whole)
    const missing = join(folder, 'missing.npy')
    await expectRejection(() => readVectorFile(missing), 'NOT_FOUND', /missing\.npy: there is no such file/)
    await expectRejection(
      () => readVectorFile(npy, { dimension: 4 }),
      'DIMENSION_MISMATCH',
      /is 3; expected 4/,
    )
    await expectRejection(() => readVectorFile(bare, { dimension: 5 }), 'CORRUPT')
    await expectRejection(() => readVectorFile(bare, { dimension: 0 }), 'INVALID_ARGUMENT')
    await expectRejection(() => readVectorFile(bare, { dimension: 4, limit: 0 }), 'INVALID_ARGUMENT')
    await expectRejection(() => readVectorFile(7 as never), 'INVALID_ARGUMENT', /file is 7/)
    await expectRejection(() => readVectorFile('a\0.npy'), 'INVALID_ARGUMENT', 'expected a path')
    const directory = join(folder, 'directory.npy')
    mkdirSync(directory)
    const error = await expectRejection(() => readVectorFile(directory), 'IO')
    expect(error).toMatchObject({ path: directory, errno: 21 })
  })

  test('every ending that it names is one that it reads', async () => {
    for (const ending of vectorFileEndings) {
      await expectRejection(() => readVectorFile(join(folder, `none${ending}`)), 'NOT_FOUND')
    }
  })
})
