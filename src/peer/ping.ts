import type { Ping, Pong } from '../wire/index.ts'
import { closeLine, warnAndClose } from './closing.ts'
import { IDLE, type PeerContext, type PeerState, type PeerStep, type UpLine, unchanged } from './types.ts'

// Signs of life (BOLT 1, the ping and pong messages). Any message is one: a `pong` may stand behind much else that is on its way. So
// a line is asked only when it was quiet, and given up only when it stays so.

/** A `num_pong_bytes` from here on asks for no answer: no `pong` could be so long (BOLT 1, ping and pong). */
const NO_PONG_FROM = 65532

/** Our pings ask for fewer bytes than this, a number by chance, so that a `pong` shows which ping it answers. */
const ASKED_PONG_BYTES = 128

/** Answers a ping, as often as the bound allows: a ping of six bytes may ask for an answer of 64 kB. */
export function onPing(state: PeerState, line: UpLine, ping: Ping, context: PeerContext): PeerStep {
  const { now, limits } = context
  if (ping.numPongBytes >= NO_PONG_FROM) return heard(state, line, context)
  const fresh = now - line.answered.since >= limits.pingFloodIntervalMs
  const answered = fresh ? { since: now, count: 1 } : { ...line.answered, count: line.answered.count + 1 }
  if (answered.count > limits.maxPingsPerInterval) {
    const message =
      `expected at most ${limits.maxPingsPerInterval} pings in ${limits.pingFloodIntervalMs} ms, ` +
      'got more (BOLT 1, the ping and pong messages)'
    return warnAndClose(state, line, { code: 'ping_flood', message }, context)
  }
  const pong: Pong = { type: 'pong', ignored: new Uint8Array(ping.numPongBytes) }
  return {
    next: { ...state, line: { ...line, answered, heardAt: now } },
    effects: [{ type: 'send', connection: line.connection, message: pong }],
  }
}

/** The answer to our ping. One of another length answers nothing that we asked; one that we never asked for is only a sign of life. */
export function onPong(state: PeerState, line: UpLine, pong: Pong, context: PeerContext): PeerStep {
  const { ping } = line
  if (ping.type === 'idle') return heard(state, line, context)
  if (pong.ignored.length !== ping.numPongBytes) {
    const message =
      `expected a pong of ${ping.numPongBytes} bytes, got ${pong.ignored.length} ` +
      '(BOLT 1, the ping and pong messages)'
    return warnAndClose(state, line, { code: 'wrong_pong', message }, context)
  }
  return { next: { ...state, line: { ...line, ping: IDLE, heardAt: context.now } }, effects: [] }
}

/** Something came. The state stays the same object where that is known closely enough. */
export function heard(state: PeerState, line: UpLine, context: PeerContext): PeerStep {
  const grain = line.ping.type === 'waiting' ? 1 : context.limits.heardGrainMs
  if (context.now - line.heardAt < grain) return unchanged(state)
  return { next: { ...state, line: { ...line, heardAt: context.now } }, effects: [] }
}

/** Asks a line that was quiet for long, and gives up one that stayed quiet after it was asked. */
export function keepAlive(state: PeerState, line: UpLine, context: PeerContext): PeerStep {
  if (context.now < quietDeadline(line, context)) return unchanged(state)
  if (line.ping.type === 'idle') return sendPing(state, line, context.limits.pingTimeoutMs, context)
  const message = `expected a pong within ${line.ping.timeoutMs} ms, nothing came (BOLT 1, the ping and pong messages)`
  return closeLine(state, line, { code: 'ping_timeout', message }, context)
}

/** Asks at once whether the peer is still there, with little patience. */
export function probe(
  state: PeerState,
  line: Exclude<PeerState['line'], { type: 'none' }>,
  context: PeerContext,
): PeerStep {
  const { limits } = context
  // Before the peer's `init` nothing may be sent, and the time for that is bounded anyway.
  if (line.type === 'handshaking') return { next: state, effects: [] }
  if (line.ping.type === 'idle') return sendPing(state, line, limits.probeTimeoutMs, context)
  // A ping waits already: the little patience counts from when it was sent.
  const timeoutMs = Math.min(line.ping.timeoutMs, limits.probeTimeoutMs)
  return { next: { ...state, line: { ...line, ping: { ...line.ping, timeoutMs } } }, effects: [] }
}

/** When a line that stays quiet is asked for a sign of life or, once it was asked, given up. */
export function quietDeadline(line: UpLine, context: PeerContext): number {
  const { ping, heardAt } = line
  if (ping.type === 'idle') return heardAt + context.limits.pingIntervalMs
  return Math.max(ping.since, heardAt) + ping.timeoutMs
}

function sendPing(state: PeerState, line: UpLine, timeoutMs: number, context: PeerContext): PeerStep {
  const numPongBytes = Math.floor(context.entropy * ASKED_PONG_BYTES)
  return {
    next: { ...state, line: { ...line, ping: { type: 'waiting', numPongBytes, since: context.now, timeoutMs } } },
    effects: [
      {
        type: 'send',
        connection: line.connection,
        message: { type: 'ping', numPongBytes, ignored: new Uint8Array(0) },
      },
    ],
  }
}
