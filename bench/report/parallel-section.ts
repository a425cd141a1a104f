/** What workers do for a build, as a part of a run's section. */
import type { ParallelResults } from '../ann/parallel.ts'
import { type Phases, phasesOf } from '../ann/parallel-figures.ts'
import { figure, table } from './html.ts'
import { gridCells } from './plot-data.ts'

const seconds = (value: number | undefined) => (value === undefined ? '–' : value.toPrecision(2))

function phasesTable(phases: readonly Phases[], cores: number): string {
  const head = [
    'workers',
    'vectors/s',
    'speed-up',
    'with as many cores',
    'copy s',
    'encode s',
    'insert s',
    'compact s',
  ]
  return table(
    head,
    phases.map((each) => [
      `${each.threads}${each.threads > cores ? ' (more than cores)' : ''}`,
      Math.round(each.vectorsPerSecond).toLocaleString('en-US'),
      `${each.speedUp.toFixed(2)}x`,
      `${each.projected.toFixed(2)}x`,
      seconds(each.copy),
      seconds(each.encode),
      seconds(each.insert),
      seconds(each.compact),
    ]),
  )
}

function optimum({ grid }: ParallelResults): string {
  const cells = gridCells(grid)
  const best = cells.find(({ share }) => share === 1)
  if (best === undefined) return ''
  const near = cells.filter(({ share }) => share >= 0.9).length
  return ` The best of ${cells.length} settings is ${best.threads} threads with ${best.batchRows.toLocaleString('en-US')} vectors per call; ${near} of them are within 10 % of it.`
}

export function parallelSection(results: ParallelResults): string {
  const { rows, cores, grid } = results
  const encoded =
    results.encode === undefined
      ? ' Encoding was not measured on its own, and is a part of the insertion.'
      : ' Encoding is what one thread needs for all vectors in processor time.'
  return `<h3>What workers do for a build</h3>
<p>${rows.toLocaleString('en-US')} vectors, ${cores} cores.${optimum(results)} Copying is the time in which the event loop was busy.${encoded} "With as many cores" projects
the figures of one worker: copying stays with one, and so does encoding where there is one graph; insertion and the measured processor time of the merge are divided among the workers.</p>
<h4>All workers build one graph</h4>
${phasesTable(phasesOf(results, 'scaling'), cores)}
<h4>Every worker fills a segment of its own, and compact() merges them</h4>
${phasesTable(phasesOf(results, 'segments'), cores)}
<div class="pair">
${figure('speedUp', 'Speed-up by workers', 'One call of add with all vectors; the dashed line is what as many cores could give, the pale one a segment for each worker, merged.')}
${grid.length === 0 ? '' : figure('grid', 'Threads and batch size', 'Vectors per second; the star is the best setting, and the paler a cell, the farther below it.')}
</div>`
}
