// Makes sure that doctest's header is there, which the C++ tests need: looks for it, installs Debian's package where it
// may, and otherwise says what to install. Prints the folder to pass as -DDOCTEST_INCLUDE_DIR.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const folders = [
  process.env.DOCTEST_INCLUDE_DIR,
  '/usr/include',
  '/usr/local/include',
  '/opt/homebrew/include',
  '/opt/local/include',
]
const findHeader = () => folders.find((folder) => folder && existsSync(`${folder}/doctest/doctest.h`))

function installDebianPackage() {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  const install = () => spawnSync('apt-get', ['install', '-y', 'doctest-dev'], { stdio: ['ignore', 2, 2] })
  if (install().status === 0) return
  spawnSync('apt-get', ['update'], { stdio: ['ignore', 2, 2] })
  install()
}

if (!findHeader()) installDebianPackage()
const folder = findHeader()
if (!folder) {
  console.error(
    'The C++ tests need the header doctest/doctest.h. Install it (Debian, Ubuntu: apt-get install doctest-dev; ' +
      'Fedora: dnf install doctest-devel; macOS: brew install doctest; elsewhere put it into a folder), ' +
      'or name its folder in the environment variable DOCTEST_INCLUDE_DIR.',
  )
  process.exit(1)
}
console.log(folder)
