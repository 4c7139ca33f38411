import { BookendError } from '../../base/index.ts'
import type { EventJson } from '../schemas/events.ts'
import type { SseMessage } from '../sse.ts'
import type { Caller } from './call.ts'
import { readMessages } from './messages.ts'

interface EventsRequest {
  readonly after?: number
  readonly signal?: AbortSignal
}

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000

/**
 * The events as they come. The first connection has to succeed; later ones are tried again for as long as it takes, from the last
 * event on, unless the node says that it will not.
 */
export async function* readEvents(
  call: Caller,
  { after, signal }: EventsRequest = {},
): AsyncGenerator<EventJson, void, void> {
  let last = after === undefined ? undefined : `${after}`
  let pauseMs = FIRST_PAUSE_MS
  const isGivenUp = (): boolean => signal?.aborted === true
  for (let isFirst = true; !isGivenUp(); isFirst = false) {
    try {
      for await (const { id, event, data } of messagesOf(call, last, signal)) {
        last = id ?? last
        pauseMs = FIRST_PAUSE_MS
        // The node wrote it by its schema; a message without data only tells where we stand.
        if (data !== '' && event !== '') yield JSON.parse(data) as EventJson
      }
    } catch (error) {
      if (isGivenUp()) return
      if (isFirst || !isPassing(error)) throw error
    }
    await pause(pauseMs, signal)
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
  }
}

/** The world's weather, against an answer that stays the same however often one asks. */
const isPassing = (error: unknown): boolean =>
  error instanceof BookendError && ['stopped', 'limit_reached', 'timeout', 'internal'].includes(error.code)

/** One connection, until it ends. */
async function* messagesOf(
  call: Caller,
  last: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<SseMessage, void, void> {
  const own = new AbortController()
  const either = signal === undefined ? own.signal : AbortSignal.any([signal, own.signal])
  const headers = { Accept: 'text/event-stream', ...(last === undefined ? {} : { 'Last-Event-ID': last }) }
  try {
    const answer = await call.response('GET', '/v1/events', { headers, waiting: { signal: either } })
    yield* readMessages(answer, { url: call.url, onSilence: () => own.abort() })
  } finally {
    // Whoever stops to read leaves no connection behind.
    own.abort()
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise(done => {
    if (signal?.aborted === true) return done()
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      done()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}
