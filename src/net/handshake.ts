import { endHandshake, type Handshake, type HandshakeDone, receive } from '../noise/index.ts'
import { failureText } from './framing.ts'
import type { Wire } from './wire.ts'

/** How a handshake went. Exactly one of the two is called, once, and never from within `shakeHands`. */
export interface HandshakeListener {
  /** The wire is the caller's from now on, who makes itself heard on it in the same instant. */
  onDone(done: HandshakeDone): void
  /** The wire is closed. */
  onFailed(failure: HandshakeFailure): void
}

export interface HandshakeFailure {
  /** What is wrong with the acts, or that they did not come. */
  readonly kind: 'wrong_act' | 'ended' | 'broke' | 'timeout'
  /** A sentence. */
  readonly reason: string
}

/** Calls once, after so many milliseconds. What comes back takes that off again. */
export type Alarm = (ms: number, act: () => void) => () => void

const hostAlarm: Alarm = (ms, act) => {
  const timer = setTimeout(act, ms)
  return () => clearTimeout(timer)
}

/**
 * The handshake of BOLT 8 over a wire, from either side: writes what the noise room says, in the time that is allowed. The alarm is
 * the host's unless time is somebody else's.
 *
 * A failure ends the wire without a word (BOLT 8, Handshake Exchange).
 */
export function shakeHands(
  wire: Pick<Wire, 'hear' | 'write' | 'destroy'>,
  started: { readonly state: Handshake; readonly send: Uint8Array },
  {
    timeoutMs,
    listener,
    alarm = hostAlarm,
  }: { readonly timeoutMs: number; readonly listener: HandshakeListener; readonly alarm?: Alarm },
): void {
  let state = started.state
  let over = false
  const fail = (kind: HandshakeFailure['kind'], reason: string) => {
    if (over) return
    over = true
    silence()
    wire.destroy()
    listener.onFailed({ kind, reason })
  }
  const silence = alarm(timeoutMs, () =>
    fail('timeout', `The handshake was not done after ${timeoutMs / 1000} seconds.`),
  )
  wire.hear({
    onBytes(chunk) {
      const step = receive(state, chunk)
      if (!step.ok) return fail('wrong_act', failureText(step.error))
      if (step.value.send.length > 0) wire.write(step.value.send)
      if (!step.value.done) {
        state = step.value.next
        return
      }
      over = true
      silence()
      listener.onDone(step.value)
    },
    onEndOfStream: () => fail('ended', failureText(endHandshake(state))),
    onClosed: error => fail('broke', `The connection broke: ${error?.message ?? 'it was closed'}.`),
  })
  if (started.send.length > 0) wire.write(started.send)
}
