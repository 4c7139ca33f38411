import { assert } from '../base/index.ts'
import { closeLine, downOf, leaveLine } from './closing.ts'
import { dialAfterConnect, isStable } from './dial.ts'
import { ourInit } from './init.ts'
import { probe } from './ping.ts'
import type { CloseReason } from './reasons.ts'
import {
  type HandshakingLine,
  type PeerAddress,
  type PeerContext,
  type PeerEffect,
  type PeerState,
  type PeerStep,
  type UpLine,
  unchanged,
} from './types.ts'

// Connections begin and end here. Between two nodes one connection stays (BOLT 1, connection handling), and which one has to be
// decided alike at both ends, without a word between them, or each end could close the one that the other kept.
//
// The rule, for two connections with one peer:
// - Dialled by the same node: the later one stays. A node never dials while it has a line, so for the one that dialled twice the
//   earlier one is gone, even where the other end has not noticed yet.
// - Dialled by different nodes: the one stays that was dialled by the node with the lesser node id. Both ends see the same, in
//   whatever order the two arrive. LND decides so as well.
//
// By the second part a connection may stay that is dead without our knowledge: the peer lost it and dialled anew. So when the
// earlier one stays, it is asked for a sign of life at once, with little patience, and the peer's next dial finds the line free.

interface NewConnection {
  readonly connection: number
  readonly outgoing: boolean
  readonly address?: PeerAddress
}

export function onConnected(state: PeerState, input: NewConnection, context: PeerContext): PeerStep {
  const { line } = state
  const dialled: PeerState = { ...state, dial: dialAfterConnect(state.dial, input.outgoing, input.address) }
  if (line.type === 'none') return handshake(dialled, input, [], context)
  assert(line.connection !== input.connection, () => `connection ${input.connection} begins twice`)
  const loser = laterStays(state, line, input, context) ? line : input
  const close: PeerEffect = { type: 'close', connection: loser.connection, reason: duplicate(loser) }
  if (loser === line) return replaceLine(dialled, line, input, close, context)
  const probed = probe(dialled, line, context)
  return { ...probed, effects: [close, ...probed.effects] }
}

export function onEnded(state: PeerState, connection: number, context: PeerContext): PeerStep {
  const { line } = state
  // The end of a connection that was closed or replaced before is no news.
  if (line.type === 'none' || line.connection !== connection) return unchanged(state)
  return leaveLine(state, line, context)
}

export function onHangUp(state: PeerState, message: string, context: PeerContext): PeerStep {
  if (state.line.type === 'none') return unchanged(state)
  return closeLine(state, state.line, { code: 'hang_up', message }, context)
}

/** The peer has not said `init` in time. */
export function closeWhenInitIsLate(state: PeerState, line: HandshakingLine, context: PeerContext): PeerStep {
  if (context.now < initDeadline(line, context)) return unchanged(state)
  const message = `expected init within ${context.limits.initTimeoutMs} ms, nothing came (BOLT 1, the init message)`
  return closeLine(state, line, { code: 'init_timeout', message }, context)
}

export function initDeadline(line: HandshakingLine, context: PeerContext): number {
  return line.since + context.limits.initTimeoutMs
}

function laterStays(
  state: PeerState,
  earlier: HandshakingLine | UpLine,
  later: NewConnection,
  context: PeerContext,
): boolean {
  if (earlier.outgoing === later.outgoing) return true
  // Hex of one length sorts as the bytes do.
  const oursStays = context.localNodeId < state.nodeId
  return later.outgoing === oursStays
}

function replaceLine(
  state: PeerState,
  line: HandshakingLine | UpLine,
  input: NewConnection,
  close: PeerEffect,
  context: PeerContext,
): PeerStep {
  const dial = isStable(line, context) ? { ...state.dial, attempts: 0 } : state.dial
  return handshake({ ...state, dial }, input, [close, ...downOf(line)], context)
}

/** `init` is the first message on any connection (BOLT 1, the `init` message, sender). */
function handshake(
  state: PeerState,
  { connection, outgoing }: NewConnection,
  before: readonly PeerEffect[],
  context: PeerContext,
): PeerStep {
  const line: HandshakingLine = { type: 'handshaking', connection, outgoing, since: context.now }
  return { next: { ...state, line }, effects: [...before, { type: 'send', connection, message: ourInit(context) }] }
}

function duplicate({ outgoing }: { readonly outgoing: boolean }): CloseReason {
  const who = outgoing ? 'we' : 'the peer'
  return {
    code: 'duplicate',
    message: `of two connections the one that ${who} dialled goes (BOLT 1, connection handling)`,
  }
}
