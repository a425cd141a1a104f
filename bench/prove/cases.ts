import { runCases, together } from './native.ts'
import type { Proof } from './proof.ts'

/** Goals that C++ tests prove: the same ones that `npm test` runs, with more of everything. */

export const g2: Proof = {
  claim:
    'after a power failure at any moment the newest acknowledged generation is there, or the one that was being made, whatever of the unsynced bytes and names was kept',
  run: (options) =>
    runCases(
      'test_index',
      [
        'IndexDirectory: after a power failure*',
        'LoggedChanges: after a power failure*',
        'LoggedChanges: what a killed writer*',
      ],
      options,
    ),
}

export const g3: Proof = {
  claim:
    'every flipped bit, every length, appended bytes, swapped, stale and foreign files: a typed error, no crash, no answer',
  run: (options) =>
    together([
      runCases('test_storage', ['Damage*', 'LogFile: *'], options),
      runCases(
        'test_index',
        [
          'IndexBundle: every bit*',
          'IndexDirectory: *damage*',
          'VerifyDirectory: whatever*',
          'LoggedChanges: every single bit*',
        ],
        options,
      ),
    ]),
}

export const g5: Proof = {
  claim:
    'every call of the file system fails, once, for ever, or after it did its work: a typed error, an old or new generation opens, the live index searches, the next commit succeeds',
  run: (options) =>
    runCases(
      'test_index',
      ['IndexDirectory: whatever call*', 'LoggedChanges: whatever call*', 'VerifyDirectory: a file that*'],
      options,
    ),
}

export const g6: Proof = {
  claim:
    'every request for memory fails, once or from then on, while opening and committing: OUT_OF_MEMORY, the index as it was, and all of it works afterwards',
  run: (options) =>
    runCases(
      'test_faults',
      [
        'Memory: a failed open*',
        'Memory: a failed commit*',
        'Memory: a failed bundle*',
        'Memory: opening*',
        'Memory: writing*',
      ],
      options,
    ),
}

export const g15: Proof = {
  claim: 'offsets beyond 4 GiB are right; counts and sizes that overflow are rejected',
  run: (options) => runCases('test_storage', ['Large*', 'Crafted*'], options),
}
