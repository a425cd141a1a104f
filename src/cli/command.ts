/** One word after `segvec`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  readonly usage: string
  /**
   * Does the command's work with the arguments after its name; what it prints on standard output is its result.
   *
   * @throws {UsageError} and whatever the work throws.
   */
  run(args: readonly string[]): Promise<void>
}

/** The command line itself is wrong: reported with a hint at `--help`, as exit code 2. */
export class UsageError extends Error {}
