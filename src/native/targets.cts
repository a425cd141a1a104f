/**
 * The compiled addons that can exist, one literal `require` each. CommonJS, because that is where bundlers look for
 * `require` and copy what it names; within a `try`, because they treat what is missing there as optional.
 */

type Loaded = { readonly addon: unknown } | { readonly error: unknown }

/** Loads the addon built for `target`; `undefined` if segvec is not built for it. */
function requireTarget(target: string): Loaded | undefined {
  try {
    switch (target) {
      case 'linux-x64':
        return { addon: require('../../prebuilds/linux-x64/segvec.node') }
      case 'linux-x64-musl':
        return { addon: require('../../prebuilds/linux-x64-musl/segvec.node') }
      case 'linux-arm64':
        return { addon: require('../../prebuilds/linux-arm64/segvec.node') }
      case 'linux-arm64-musl':
        return { addon: require('../../prebuilds/linux-arm64-musl/segvec.node') }
      case 'darwin-x64':
        return { addon: require('../../prebuilds/darwin-x64/segvec.node') }
      case 'darwin-arm64':
        return { addon: require('../../prebuilds/darwin-arm64/segvec.node') }
      case 'win32-x64':
        return { addon: require('../../prebuilds/win32-x64/segvec.node') }
      case 'win32-arm64':
        return { addon: require('../../prebuilds/win32-arm64/segvec.node') }
      case 'local':
        return { addon: require('../../build/addon/Release/segvec.node') }
      default:
        return undefined
    }
  } catch (error) {
    return { error }
  }
}

// @ts-expect-error erasableSyntaxOnly: TypeScript has no other form for a typed export of a CommonJS file.
export = requireTarget
