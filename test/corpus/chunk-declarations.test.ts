import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maxChunkLength } from '../../corpus/chunk.ts'
import { chunkDeclarations } from '../../corpus/chunk-declarations.ts'

const titles = (source: string): string[] => chunkDeclarations(source).map(({ title }) => title)
const members = (count: number): string =>
  Array.from(
    { length: count },
    (_, at) => `  /** Says ${at}. */\n  member${at}(value: string): void;\n`,
  ).join('')

test('gives each declaration with its comment, its qualified name and its line', () => {
  const source = `
/** The module about files. */
declare module "node:fs/promises" {
    import { Buffer } from "node:buffer";
    /**
     * Opens a {@link FileHandle}.
     *
     * See [open(2)](https://x.test/open).
     * @param path Where it is; "a; b" and { are only text.
     */
    function open(path: string, flags?: "r" | "w;"): Promise<{ fd: number; }>;
    export { open as default };
    const separator: "/" | "\\\\";
    type Mode = number | string;
}
`
  expect(chunkDeclarations(source)).toEqual([
    { title: 'fs.promises', line: 3, text: 'The module about files.\n\ndeclare module "node:fs/promises"' },
    {
      title: 'fs.promises.open',
      line: 11,
      text: 'Opens a FileHandle.\n\nSee open(2).\n@param path Where it is; "a; b" and { are only text.\n\nfunction open(path: string, flags?: "r" | "w;"): Promise<{ fd: number; }>;',
    },
    { title: 'fs.promises.separator', line: 13, text: 'const separator: "/" | "\\\\";' },
    { title: 'fs.promises.Mode', line: 14, text: 'type Mode = number | string;' },
  ])
})

test('takes a large interface apart, member by member, and leaves a small one whole', () => {
  const small = 'interface Small {\n  one: number;\n  two: string;\n}\n'
  const passages = chunkDeclarations(`${small}export interface Large extends Small {\n${members(12)}}\n`)
  expect(passages.map(({ title }) => title)).toEqual([
    'Small',
    'Large',
    ...Array.from({ length: 12 }, (_, at) => `Large.member${at}`),
  ])
  expect(passages[0]?.text).toBe(small.trim())
  expect(passages[1]?.text).toBe(
    `export interface Large extends Small { ${Array.from({ length: 12 }, (_, at) => `member${at}`).join(', ')} }`,
  )
  expect(passages[3]).toEqual({
    title: 'Large.member1',
    line: 9,
    text: 'Says 1.\n\nmember1(value: string): void;',
  })
})

test('keeps overloads together unless they have a comment of their own', () => {
  const source = `
/** Reads it. */
export function read(path: string): void;
export function read(path: string, encoding: 'utf8'): string;
/** Reads it with options. */
export function read(path: string, options: object): Buffer;
export function write(path: string): void;
`
  expect(
    chunkDeclarations(source).map(({ title, text }) => [title, text.match(/function/g)?.length]),
  ).toEqual([
    ['read', 2],
    ['read', 1],
    ['write', 1],
  ])
})

test('reads declarations without semicolons', () => {
  const source = `
export interface Options {
  first?: boolean
  second:
    | 'a'
    | 'b'
  handler: (event: { type: string; data: number }) =>
    void
  map: Map<
    string,
    number
  >
${members(12)}}

export type Value =
  | string
  // a remark in between
  | number

export type Picked = Options extends infer O
  ? O
  : never

declare const answer: number
export declare function last(): void
`
  const passages = chunkDeclarations(source)
  const text = (title: string) => passages.find((passage) => passage.title === title)?.text
  expect(text('Options.second')).toBe("second:\n  | 'a'\n  | 'b'")
  expect(text('Options.handler')).toMatch(/^handler: .*=>\s+void$/)
  expect(text('Options.map')).toMatch(/^map: Map<[\s\S]*>$/)
  expect(text('Value')).toMatch(/string[\s\S]*number$/)
  expect(text('Picked')).toMatch(/never$/)
  expect(titles(source).slice(-2)).toEqual(['answer', 'last'])
})

test('is not misled by commas in type arguments, shifts in enums and braces in strings', () => {
  const source = `
export enum Flags {
  None = 0,
  First = 1 << 0,
  Second = 1 << 1,
${Array.from({ length: 40 }, (_, at) => `  Flag${at} = 1 << ${at},`).join('\n')}
}
export declare class Holder<T = Array<<U>() => U>> {
  map: Map<string, { a: 1, b: 2 }>
  static readonly close: '}'
  get size(): number
${members(12)}}
export declare const after: true;
`
  const found = titles(source)
  expect(found.slice(0, 4)).toEqual(['Flags', 'Flags.None', 'Flags.First', 'Flags.Second'])
  expect(found).toContain('Flags.Flag39')
  expect(found).toEqual(
    expect.arrayContaining(['Holder', 'Holder.map', 'Holder.close', 'Holder.size', 'after']),
  )
})

test('leaves out imports and re-exports', () => {
  expect(
    titles(
      `import a from 'a'\nexport * from 'b'\nexport { c, d } from 'c'\nexport type { E } from 'e'\nexport = f;`,
    ),
  ).toEqual([])
})

test('never fails on text that is no TypeScript, and keeps every chunk within its length', () => {
  const fragment = fc.constantFrom(
    '{',
    '}',
    '<',
    '>',
    '(',
    ')',
    '"',
    '`',
    '/**',
    '*/',
    '//',
    '\n',
    ';',
    ',',
    'interface X ',
    'declare module "m" ',
    'type T = ',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(fragment, fc.string()), { maxLength: 80 }), (fragments) => {
      for (const { text, line } of chunkDeclarations(fragments.join(''))) {
        expect(text.length).toBeLessThanOrEqual(maxChunkLength)
        expect(line).toBeGreaterThan(0)
      }
    }),
  )
})
