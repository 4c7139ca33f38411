import { confirm as confirmPrompt, isCancel, password } from '@clack/prompts'
import { BookendError } from '../base/index.ts'

// Questions to a person at a terminal.

export async function askSecret(question: string): Promise<string> {
  const answer = await password({ message: question })
  if (isCancel(answer)) throw left()
  return answer
}

/** Enter alone means no. */
export async function confirm(question: string): Promise<boolean> {
  const answer = await confirmPrompt({ message: question, initialValue: false })
  if (isCancel(answer)) throw left()
  return answer
}

const left = (): BookendError =>
  new BookendError('aborted', 'Nothing was done.', { advice: 'Start again and answer the question.' })
