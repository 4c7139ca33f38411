import type { PaymentProgress } from '../engine/index.ts'
import { toJson } from './json.ts'
import { SSE_HEARTBEAT, sseMessage } from './sse.ts'

const ENCODER = new TextEncoder()

/** A payment that tells how it goes. */
export interface Telling<T> {
  /** Calls back with each word of it until it has ended. */
  readonly begin: (tell: (progress: PaymentProgress) => void) => Promise<T>
  readonly ended: (result: T) => object
  readonly failed: (error: unknown) => object
  readonly heartbeatMs: number
}

/**
 * A payment as server-sent events: `progress` for each word of it, and at the end `payment` or `error`. Rejects instead where it is
 * refused before it has begun, so that a refusal looks like any other. A reader that leaves does not end the payment. What waits for a
 * reader that does not read is bounded by the tries of one payment.
 */
export async function progressStream<T>(telling: Telling<T>): Promise<ReadableStream<Uint8Array>> {
  const { begin, ended, failed, heartbeatMs } = telling
  const early: PaymentProgress[] = []
  const begun = Promise.withResolvers<void>()
  let tell = (progress: PaymentProgress): void => {
    early.push(progress)
    begun.resolve()
  }
  const ending = begin(progress => tell(progress))
  // Whichever comes first: a refusal leaves from here.
  await Promise.race([begun.promise, ending])
  let isOpen = true
  let beat: ReturnType<typeof setInterval> | undefined
  const close = (): void => {
    isOpen = false
    clearInterval(beat)
  }
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const say = (text: string): void => {
        if (isOpen) controller.enqueue(ENCODER.encode(text))
      }
      tell = progress => say(sseMessage({ event: 'progress', data: JSON.stringify(toJson(progress)) }))
      const end = (event: string, value: object): void => {
        say(sseMessage({ event, data: JSON.stringify(value) }))
        if (isOpen) controller.close()
        close()
      }
      beat = setInterval(() => say(SSE_HEARTBEAT), heartbeatMs)
      for (const progress of early) tell(progress)
      ending.then(
        result => end('payment', ended(result)),
        error => end('error', failed(error)),
      )
    },
    cancel: close,
  })
}
