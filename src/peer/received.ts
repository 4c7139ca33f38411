import { byteAt } from '../base/index.ts'
import { decodeMessage } from '../wire/index.ts'
import { warnAndClose } from './closing.ts'
import { mayBeSent } from './extensions.ts'
import { onFirstMessage } from './init.ts'
import { heard, onPing, onPong } from './ping.ts'
import {
  type DeliveredMessage,
  type PeerContext,
  type PeerState,
  type PeerStep,
  type UpLine,
  unchanged,
} from './types.ts'

/** One message of the peer. Total: any bytes lead to a step, in any state. */
export function onReceived(state: PeerState, connection: number, bytes: Uint8Array, context: PeerContext): PeerStep {
  const { line } = state
  // Late words of a connection that no longer counts.
  if (line.type === 'none' || line.connection !== connection) return unchanged(state)
  const decoded = decodeMessage(bytes)
  if (line.type === 'handshaking') return onFirstMessage(state, line, decoded, context)
  if (!decoded.ok) {
    // Bytes that are no message, an unknown even type or an unknown even record (BOLT 1, Lightning message format).
    return warnAndClose(state, line, { code: 'undecodable', message: decoded.error.message }, context)
  }
  const message = decoded.value
  switch (message.type) {
    case 'ping':
      return onPing(state, line, message, context)
    case 'pong':
      return onPong(state, line, message, context)
    case 'init': // The features of a connection are those of its first one.
    case 'unknown': // Odd, or it would not have been decoded: ignored (BOLT 1, Lightning message format).
      return heard(state, line, context)
    default:
      if (!mayBeSent(message.type, context.features, line.features)) {
        return onNotNegotiated(state, line, message, bytes, context)
      }
      // The common path: one effect and, as a rule, no new state.
      return { next: heard(state, line, context).next, effects: [{ type: 'deliver', message }] }
  }
}

function onNotNegotiated(
  state: PeerState,
  line: UpLine,
  { type }: DeliveredMessage,
  bytes: Uint8Array,
  context: PeerContext,
): PeerStep {
  // The lowest bit of the number of the message, which stands in its first two bytes.
  if (byteAt(bytes, 1) % 2 === 1) return heard(state, line, context)
  const message = `expected no ${type}, as its feature is not negotiated (BOLT 1, Lightning message format)`
  return warnAndClose(state, line, { code: 'not_negotiated', message }, context)
}
