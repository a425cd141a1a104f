/** What the documentation quotes from committed results: by file, what stands between each pair of markers. */
import type { CommitResults } from '../commits/measure.ts'
import { commitsTable, durabilityTable } from '../commits/table.ts'
import { kernelsTable } from '../kernels-table.ts'
import type { OrderResults } from '../order/measure.ts'
import { orderTable } from '../order/table.ts'
import type { RecallResults } from '../recall/measure.ts'
import { recallTable } from '../recall/table.ts'
import { storedResults } from '../report/stored-results.ts'
import type { ScaleResults } from '../scale/measure.ts'
import { scaleFilesTable, scaleTable } from '../scale/table.ts'
import type { SegmentsResults } from '../segments/measure.ts'
import { segmentsTable } from '../segments/table.ts'
import { stepsTable } from '../steps/table.ts'
import { agreementTable } from './agreement-table.ts'
import { againstTable, setTable } from './figures-table.ts'
import { persistenceTable, underLoadTable } from './persistence-table.ts'
import type { BenchResults } from './results.ts'

/** By file, then by marker. */
export type Documents = ReadonlyMap<string, ReadonlyMap<string, string>>

export function documents(reference: ReadonlyMap<string, BenchResults>): Documents {
  const runs = [...reference.values()]
  const segments = [...storedResults<SegmentsResults>('segments').values()]
  const scales = [...storedResults<ScaleResults>('scale').values()]
  const commits = [...storedResults<CommitResults>('commits').values()]
  const recalls = [...storedResults<RecallResults>('recall').values()]
  const orders = [...storedResults<OrderResults>('order').values()]
  const steps = [...storedResults<BenchResults>('steps').values()]
  const again = [...storedResults<BenchResults>('again').values()]
  const agreement = agreementTable(runs, again)
  const [kernels] = storedResults<Parameters<typeof kernelsTable>[0]>('kernels').values()
  return new Map([
    ['README.md', new Map([['figures', againstTable(reference)]])],
    [
      'docs/benchmarks.md',
      new Map([
        ['results', [...reference].map(([file, results]) => setTable(results, file)).join('\n\n')],
        [
          'persistence',
          orMissing(
            runs.filter(({ peers }) => peers.some((peer) => peer.persistence?.length)).map(persistenceTable),
            'npm run bench -- --full --name reference',
          ),
        ],
        [
          'agreement',
          orMissing(
            agreement === undefined ? [] : [agreement],
            'npm run bench -- --set sift-corel-128 --rounds 10 --build-rounds 10 --name again',
          ),
        ],
        [
          'under load',
          orMissing(
            runs.filter(({ peers }) => peers.some((peer) => peer.underLoad?.length)).map(underLoadTable),
            'npm run bench -- --full --name reference',
          ),
        ],
        ['segments', orMissing(segments.map(segmentsTable), 'npm run bench:segments -- --name segments')],
        [
          'scale',
          orMissing(
            scales.map(
              (results) =>
                `${scaleTable(results)}\n\n${scaleFilesTable(results)}\n\n![Growth over the number of vectors](figures/scale.svg)`,
            ),
            'npm run bench:scale -- --name scale',
          ),
        ],
        [
          'commits',
          orMissing(
            commits.length === 0 ? [] : [commitsTable(commits)],
            'npm run bench:commits -- --name commits',
          ),
        ],
        [
          'durability',
          orMissing(
            commits.some(({ durability }) => durability !== undefined) ? [durabilityTable(commits)] : [],
            'npm run bench:commits -- --name commits',
          ),
        ],
      ]),
    ],
    [
      'docs/tuning.md',
      new Map([
        [
          'recall',
          orMissing(
            recalls.length === 0 ? [] : [recallTable(recalls)],
            'npm run bench:recall -- --name recall',
          ),
        ],
      ]),
    ],
    [
      'docs/what-each-step-brought.md',
      new Map([
        ['steps', orMissing(steps.map(stepsTable), 'npm run bench:steps -- --name steps')],
        [
          'order',
          orMissing(orders.length === 0 ? [] : [orderTable(orders)], 'npm run bench:order -- --name order'),
        ],
        [
          'kernels',
          orMissing(
            kernels === undefined ? [] : [kernelsTable(kernels)],
            'npm run bench:kernels -- --output bench/results/kernels.json',
          ),
        ],
      ]),
    ],
  ])
}

const orMissing = (parts: readonly string[], command: string): string =>
  parts.length > 0 ? parts.join('\n\n') : `No results are stored yet; \`${command}\` makes them.`
