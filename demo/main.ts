import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { instructionSets, VectorIndex } from 'segvec'
import { type TextCorpus, textCorpus } from '../corpus/text-corpus.ts'
import { type Answer, ask, describeAnswer } from './answers.ts'
import { describeMeasurements, measure } from './measure.ts'
import { type DemoOptions, helpText, readOptions } from './options.ts'
import { Progress } from './progress.ts'
import { promptForQuestions } from './prompt.ts'
import { sampleQuestions } from './questions.ts'
import { layOutMap } from './report/lay-out-map.ts'
import { writePage } from './report/write-page.ts'
import { grouped, style } from './style.ts'

const measuredQueryCount = 500

const options = optionsOrComplaint()
if (options === 'help') process.stdout.write(helpText)
else if (options !== undefined) await runDemo(options)

/** The options, or `undefined` after saying what is wrong with them. */
function optionsOrComplaint(): DemoOptions | 'help' | undefined {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    process.stderr.write(`${error.message}\n--help lists the options\n`)
    process.exitCode = 2
    return undefined
  }
}

async function runDemo(options: DemoOptions): Promise<void> {
  const print = (text: string): boolean => process.stdout.write(`${text}\n`)
  const corpus = readCorpus(options)
  await using index = new VectorIndex({ dimension: corpus.dimension, metric: 'cosine' })
  const buildMs = await build(index, corpus)

  print('')
  const answers: Answer[] = []
  for (const question of options.questions) {
    const answer = await ask(index, corpus, question)
    answers.push(answer)
    print(describeAnswer(answer, corpus.chunks))
  }

  const queries = sampleQuestions(corpus.chunks, measuredQueryCount).map(corpus.embed)
  const measuring = new Progress('measuring', 'settings')
  const measurements = await measure(index, queries, (done, total) => measuring.update(done, total))
  measuring.finish(() => `${grouped(queries.length)} questions`)
  print(describeMeasurements(measurements, queries.length))

  const vectorsPerSecond = (corpus.chunks.length / buildMs) * 1000
  const figures = [
    ['vectors', `${grouped(corpus.chunks.length)} of ${corpus.dimension} dimensions`],
    ['built', `${grouped(vectorsPerSecond)} vectors/s, ${availableParallelism()} threads`],
    ['instructions', instructionSets().selected],
    ...measurements.map(({ ef, recall, syncQueriesPerSecond }): [string, string] => [
      `ef ${ef}`,
      `recall@10 ${recall.toFixed(3)}, ${grouped(syncQueriesPerSecond)} queries/s on one thread`,
    ]),
  ] as [string, string][]
  const { shown, places } = await layOutMap(index, corpus, answers)
  const writing = new Progress('page', 'bytes')
  const bytes = await writePage(options.output, { corpus, shown, places, answers, figures })
  writing.finish(() => `${relative('', options.output)}, ${(bytes / 1e6).toFixed(1)} MB,`)
  print(`\nThe map: ${style('underline', pathToFileURL(options.output).href)}\n`)

  if (process.stdin.isTTY && process.stdout.isTTY) {
    await promptForQuestions(async (question) =>
      describeAnswer(await ask(index, corpus, question), corpus.chunks),
    )
  }
}

function readCorpus({ folders, limit }: DemoOptions): TextCorpus {
  const reading = new Progress('reading', 'chunks embedded')
  const corpus = textCorpus({
    folders,
    ...(limit === undefined ? {} : { limit }),
    onProgress: (done, total) => reading.update(done, total),
  })
  reading.finish(
    () =>
      `${grouped(corpus.chunks.length)} chunks (${grouped(corpus.duplicateCount)} repeat a text) of ${grouped(corpus.fileCount)} files embedded`,
  )
  return corpus
}

async function build(index: VectorIndex, corpus: TextCorpus): Promise<number> {
  const adding = new Progress('indexing', 'vectors')
  await index.add(
    corpus.chunks.map(({ id }) => id),
    corpus.vectors,
    { onProgress: ({ insertedCount, totalCount }) => adding.update(insertedCount, totalCount) },
  )
  const { segments } = index.stats()
  return adding.finish(
    (elapsedMs) =>
      `${grouped(index.size)} vectors, ${grouped((index.size / elapsedMs) * 1000)}/s, ${segments.length} ${segments.length === 1 ? 'segment' : 'segments'}, ${instructionSets().selected},`,
  )
}
