import { createInterface } from 'node:readline'
import { style } from './style.ts'

/** Asks for questions on the terminal and answers each, until an empty line or the end of the input. */
export async function promptForQuestions(answer: (question: string) => Promise<string>): Promise<void> {
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: style('bold', 'ask> '),
  })
  process.stdout.write('Ask something; an empty line ends the demo.\n')
  terminal.prompt()
  for await (const line of terminal) {
    const question = line.trim()
    if (question.length === 0) break
    process.stdout.write(`${await answer(question)}\n`)
    terminal.prompt()
  }
  terminal.close()
}
