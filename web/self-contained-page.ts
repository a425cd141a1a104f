import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * A page that needs nothing but itself: `template.html` of a folder, with its `page.css`, its `main.ts` bundled with all it
 * imports, and `parts` in the places of the comments that name them: `<!-- style -->`, `<!-- script -->`, and those of the parts.
 */
export async function selfContainedPage(
  folder: URL,
  parts: Readonly<Record<string, string>>,
): Promise<string> {
  const file = (name: string) => fileURLToPath(new URL(name, folder))
  const [template, style, script] = await Promise.all([
    readFile(file('template.html'), 'utf8'),
    readFile(file('page.css'), 'utf8'),
    bundle(file('main.ts')),
  ])
  const filled: Readonly<Record<string, string>> = {
    ...parts,
    style: `<style>\n${style}</style>`,
    script: `<script>${script}</script>`,
  }
  return template.replace(/<!-- (\w+) -->/g, (comment, name: string) => filled[name] ?? comment)
}

/** The page's modules as one script. What could end its element is only ever inside a string, where `\/` is `/`. */
async function bundle(entryPoint: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    format: 'iife',
    minify: true,
    target: 'es2022',
    legalComments: 'none',
    write: false,
  })
  const [output] = outputFiles
  if (output === undefined) throw new Error('esbuild gave no output for the page')
  return output.text.replaceAll('</', '<\\/').replaceAll('<!--', '<\\!--')
}
