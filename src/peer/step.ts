import { unreachable } from '../base/index.ts'
import { closeWhenInitIsLate, initDeadline, onConnected, onEnded, onHangUp } from './connection.ts'
import { dialWhenDue, onDialFailed, onWanted } from './dial.ts'
import { keepAlive, quietDeadline } from './ping.ts'
import { onReceived } from './received.ts'
import type { PeerContext, PeerInput, PeerState, PeerStep } from './types.ts'

/** What the peer, the network, the clock or the node above does, and what follows. Throws for bugs of ours only. */
export function peerStep(state: PeerState, input: PeerInput, context: PeerContext): PeerStep {
  const done = dispatch(state, input, context)
  // Deadlines move with the state alone, so the common path ends here.
  return done.next === state ? done : askForWake(done, context)
}

function dispatch(state: PeerState, input: PeerInput, context: PeerContext): PeerStep {
  switch (input.type) {
    case 'received':
      return onReceived(state, input.connection, input.bytes, context)
    case 'connected':
      return onConnected(state, input, context)
    case 'ended':
      return onEnded(state, input.connection, context)
    case 'tick':
      return onTick(state, context)
    case 'wanted':
      return onWanted(state, input, context)
    case 'dial_failed':
      return onDialFailed(state, context)
    case 'hang_up':
      return onHangUp(state, input.reason, context)
    default:
      return unreachable(input)
  }
}

function onTick(state: PeerState, context: PeerContext): PeerStep {
  const cameTrue = state.wakeAt !== undefined && context.now >= state.wakeAt
  const awake: PeerState = cameTrue ? { ...state, wakeAt: undefined } : state
  switch (awake.line.type) {
    case 'none':
      return dialWhenDue(awake, context)
    case 'handshaking':
      return closeWhenInitIsLate(awake, awake.line, context)
    case 'up':
      return keepAlive(awake, awake.line, context)
    default:
      return unreachable(awake.line)
  }
}

/**
 * Asks for a tick at the next deadline, unless an earlier tick is under way: that one asks again for what is left. So traffic,
 * which moves the deadline of a line on and on, asks for no more than one wake in an interval.
 */
function askForWake({ next, effects }: PeerStep, context: PeerContext): PeerStep {
  const at = deadline(next, context)
  if (at === undefined || (next.wakeAt !== undefined && next.wakeAt <= at)) return { next, effects }
  return { next: { ...next, wakeAt: at }, effects: [...effects, { type: 'wake', at }] }
}

/** When something is due if nothing comes before. */
function deadline({ line, dial }: PeerState, context: PeerContext): number | undefined {
  switch (line.type) {
    case 'none':
      return dial.phase.type === 'waiting' ? dial.phase.nextAt : undefined
    case 'handshaking':
      return initDeadline(line, context)
    case 'up':
      return quietDeadline(line, context)
    default:
      return unreachable(line)
  }
}
