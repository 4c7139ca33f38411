import { channelId, utf8Encode } from '../base/index.ts'
import { dialLater, isStable } from './dial.ts'
import type { CloseReason } from './reasons.ts'
import {
  type HandshakingLine,
  NO_LINE,
  type PeerContext,
  type PeerEffect,
  type PeerState,
  type PeerStep,
  type UpLine,
} from './types.ts'

/** Closes the line. Another dial follows after the back-off, where the peer is wanted. */
export function closeLine(
  state: PeerState,
  line: HandshakingLine | UpLine,
  reason: CloseReason,
  context: PeerContext,
): PeerStep {
  const left = leaveLine(state, line, context)
  return { ...left, effects: [{ type: 'close', connection: line.connection, reason }, ...left.effects] }
}

/**
 * The same, but the peer is told why first. Only for a line on which its `init` has come: before that nothing may be sent
 * (BOLT 1, the `init` message, receiver). It is a warning and not an error, so that no channel is failed by it.
 */
export function warnAndClose(
  state: PeerState,
  line: HandshakingLine | UpLine,
  reason: CloseReason,
  context: PeerContext,
): PeerStep {
  const closed = closeLine(state, line, reason, context)
  // All zero: about no channel in particular (BOLT 1, the error and warning messages).
  const message = {
    type: 'warning',
    channelId: channelId(new Uint8Array(32)),
    data: utf8Encode(reason.message),
  } as const
  return { ...closed, effects: [{ type: 'send', connection: line.connection, message }, ...closed.effects] }
}

/** The line is gone, whoever ended it. */
export function leaveLine(state: PeerState, line: HandshakingLine | UpLine, context: PeerContext): PeerStep {
  return {
    next: { ...state, line: NO_LINE, dial: dialLater(state.dial, isStable(line, context), context) },
    effects: downOf(line),
  }
}

export function downOf(line: HandshakingLine | UpLine): readonly PeerEffect[] {
  return line.type === 'up' ? [{ type: 'down' }] : []
}
