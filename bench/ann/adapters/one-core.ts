import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

const pin = (cores: string) =>
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(process.pid)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })

/** Runs `work` with all threads of this process on one core: for packages without a thread option. Needs Linux' taskset. */
export async function onOneCore<T>(work: () => Promise<T>): Promise<T> {
  pin('0')
  try {
    return await work()
  } finally {
    pin(`0-${availableParallelism() - 1}`)
  }
}
