import type { NumberedEvent } from '../engine/index.ts'
import type { ApiLimits } from './limits.ts'
import { eventJson } from './routes/eventJson.ts'
import { SSE_HEARTBEAT, sseHello, sseMessage } from './sse.ts'

export interface EventStreamOptions {
  /** Everything after the number that the reader has seen; ends with the signal. */
  readonly source: (signal: AbortSignal) => AsyncIterable<NumberedEvent>
  readonly after: number
  readonly limits: ApiLimits
  /** Asked with every heartbeat: a token that is revoked sees nothing more. */
  readonly mayRead: () => Promise<boolean>
  /** Ends the connection of a reader that does not read. */
  readonly drop: () => void
  /** The API closes. */
  readonly closing: AbortSignal
  readonly onEnd: () => void
  readonly onError: (error: unknown) => void
}

const ENCODER = new TextEncoder()
/** How soon a reader that lost its connection may come again. */
const RETRY_MS = 1000

/**
 * The events as a stream of bytes. Nothing is taken from the source while the reader has not taken what waits, so a slow reader
 * costs its bound and no more.
 */
export function eventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  const ended = new AbortController()
  let wake: (() => void) | undefined
  const waiting = {
    onRoom: (listener: () => void): void => {
      wake = listener
    },
    slowReaderMs: options.limits.slowReaderMs,
    ended: ended.signal,
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // It has its own end: whatever happens in it is told to `onError`.
        void feed(controller, { ...options, ended, room: () => roomIn(controller, waiting) })
      },
      pull() {
        wake?.()
      },
      cancel() {
        ended.abort()
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: options.limits.maxEventBytesWaiting }),
  )
}

interface Feed extends EventStreamOptions {
  readonly ended: AbortController
  readonly room: () => Promise<boolean>
}

async function feed(controller: ReadableStreamDefaultController<Uint8Array>, feed: Feed): Promise<void> {
  const { source, after, limits, ended, room, mayRead, drop, onEnd, onError } = feed
  const end = (): void => ended.abort()
  const say = (text: string): void => controller.enqueue(ENCODER.encode(text))
  const heartbeat = setInterval(() => {
    mayRead().then(
      may => {
        if (ended.signal.aborted) return
        if (!may) end()
        else if (hasRoom(controller)) say(SSE_HEARTBEAT)
      },
      // Not known is not allowed: the reader asks again.
      end,
    )
  }, limits.heartbeatMs)
  feed.closing.addEventListener('abort', end)
  if (feed.closing.aborted) end()
  try {
    say(sseHello({ id: after, retryMs: RETRY_MS }))
    for await (const event of source(ended.signal)) {
      const isInTime = await room()
      if (ended.signal.aborted) break
      if (!isInTime) {
        drop()
        break
      }
      say(sseMessage({ id: event.number, event: event.event.type, data: JSON.stringify(eventJson(event)) }))
    }
  } catch (error) {
    if (!ended.signal.aborted) onError(error)
  } finally {
    clearInterval(heartbeat)
    feed.closing.removeEventListener('abort', end)
    end()
    closeQuietly(controller)
    onEnd()
  }
}

const hasRoom = ({ desiredSize }: ReadableStreamDefaultController<Uint8Array>): boolean => (desiredSize ?? 0) > 0

/** Resolves with whether the reader has read on in time; at once when the stream ends. */
async function roomIn(
  controller: ReadableStreamDefaultController<Uint8Array>,
  { onRoom, slowReaderMs, ended }: { onRoom: (wake: () => void) => void; slowReaderMs: number; ended: AbortSignal },
): Promise<boolean> {
  if (hasRoom(controller)) return true
  await new Promise<void>(done => {
    const wake = (): void => {
      clearTimeout(late)
      ended.removeEventListener('abort', wake)
      done()
    }
    const late = setTimeout(wake, slowReaderMs)
    ended.addEventListener('abort', wake)
    onRoom(wake)
  })
  return hasRoom(controller)
}

/** A stream that the reader has cancelled is closed already. */
function closeQuietly(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
}
