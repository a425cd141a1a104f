import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { SegvecError } from '../errors.ts'
import type { NativeAddon } from './addon.ts'
import requireTarget from './targets.cts'

let loaded: NativeAddon | undefined

/**
 * The native addon, loaded at the first call: the file named by the environment variable `SEGVEC_ADDON`, or else
 * the one built in this checkout, or else the prebuilt one for this platform.
 *
 * @throws {SegvecError} `LOAD_FAILED`, listing every file tried, why it failed and what mends it.
 */
export function loadAddon(): NativeAddon {
  loaded ??= findAddon()
  return loaded
}

function findAddon(): NativeAddon {
  const file = process.env['SEGVEC_ADDON']
  if (file !== undefined && file !== '') return loadFile(resolve(file))

  const failures: string[] = []
  for (const { target, path } of candidates()) {
    const result = requireTarget(target)
    if (result === undefined) failures.push(`${path}: segvec is not prebuilt for ${target}`)
    else if ('error' in result) failures.push(`${path}: ${reasonOf(result.error)}`)
    else if (!isAddon(result.addon)) failures.push(`${path}: it is no addon of segvec`)
    else return result.addon
  }
  throw loadFailed(failures, {
    mend:
      'Install the package anew (npm install segvec), or build it in a checkout of segvec (npm ci && npm run build) ' +
      'and set SEGVEC_ADDON to the path of build/addon/Release/segvec.node.',
  })
}

function loadFile(path: string): NativeAddon {
  let addon: unknown
  try {
    addon = createRequire(path)(path)
  } catch (error) {
    throw loadFailed([`${path}: ${reasonOf(error)}`], { mend: mendVariable, cause: error })
  }
  if (isAddon(addon)) return addon
  throw loadFailed([`${path}: it is no addon of segvec`], { mend: mendVariable })
}

const mendVariable =
  'SEGVEC_ADDON names this file: correct it, or unset it (unset SEGVEC_ADDON) to use the packaged one.'

function candidates(): { readonly target: string; readonly path: string }[] {
  const target = `${process.platform}-${process.arch}`
  // Whether the C library is glibc or musl shows soonest by trying: the wrong one does not load (it is linked so that all symbols have to be there).
  const targets = process.platform === 'linux' ? [target, `${target}-musl`] : [target]
  // A package has nothing built. In a checkout that is what its sources say; what was prebuilt there may be older.
  return [
    { target: 'local', path: 'build/addon/Release/segvec.node' },
    ...targets.map((name) => ({ target: name, path: `prebuilds/${name}/segvec.node` })),
  ]
}

function isAddon(value: unknown): value is NativeAddon {
  const { Index, CancelToken, instructionSets } = (value ?? {}) as Partial<Record<keyof NativeAddon, unknown>>
  return [Index, CancelToken, instructionSets].every((member) => typeof member === 'function')
}

function reasonOf(error: unknown): string {
  // Node appends a list of the requiring files to the first line, which is of no use here.
  return String((error as Error)?.message ?? error).split('\n', 1)[0] as string
}

function loadFailed(
  failures: readonly string[],
  { mend, cause }: { readonly mend: string; readonly cause?: unknown },
): SegvecError {
  const runtime = `${process.platform}-${process.arch}, Node-API ${process.versions['napi']}`
  const tried = failures.map((failure) => `\n- ${failure}`).join('')
  return new SegvecError(
    'LOAD_FAILED',
    `cannot load segvec's native addon (${runtime}); tried:${tried}\n${mend}`,
    cause === undefined ? undefined : { cause },
  )
}
