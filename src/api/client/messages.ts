import { type SseMessage, sseReader } from '../sse.ts'
import { unreachable } from './call.ts'

/** The node says something every 15 seconds: after so much silence the connection is dead. */
const LONGEST_SILENCE_MS = 60_000

interface Reading {
  readonly url: string
  /** Ends the connection. */
  readonly onSilence: () => void
}

/** The server-sent events of one answer, until it ends. */
export async function* readMessages(
  answer: Response,
  { url, onSilence }: Reading,
): AsyncGenerator<SseMessage, void, void> {
  const reader = answer.body?.getReader()
  if (reader === undefined) return
  const decoder = new TextDecoder()
  const parse = sseReader()
  for (;;) {
    const { done, value } = await withinSilence(reader.read(), onSilence).catch(error => {
      throw unreachable(url, error)
    })
    if (done) return
    yield* parse(decoder.decode(value, { stream: true }))
  }
}

async function withinSilence<T>(reading: Promise<T>, onSilence: () => void): Promise<T> {
  const timer = setTimeout(onSilence, LONGEST_SILENCE_MS)
  try {
    return await reading
  } finally {
    clearTimeout(timer)
  }
}
