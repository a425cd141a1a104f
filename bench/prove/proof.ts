/** What a proof is run with. */
export interface ProofOptions {
  readonly seed: number
  /** The shortened version, as long as in `npm test`. */
  readonly isQuick: boolean
}

/** What came of it: figures to print and to store, and what was violated. */
export interface Outcome {
  readonly figures: Readonly<Record<string, number | string>>
  /** Empty when the goal holds. */
  readonly violations: readonly string[]
  /** Why nothing could be found out on this machine. */
  readonly skipped?: string | undefined
}

/** A goal of docs/reliability.md, as a command. */
export interface Proof {
  readonly claim: string
  run(options: ProofOptions): Promise<Outcome> | Outcome
}
