import { assert } from '../base/index.ts'
import {
  type Dial,
  type HandshakingLine,
  IDLE,
  type PeerAddress,
  type PeerContext,
  type PeerState,
  type PeerStep,
  type UpLine,
  unchanged,
} from './types.ts'

// When the peer is dialled: never while a dial is under way, and never while there is a line.

/** Whether the engine wants the peer connected. See `PeerInput`. */
export function onWanted(
  state: PeerState,
  input: { readonly wanted: boolean; readonly addresses?: readonly PeerAddress[] },
  context: PeerContext,
): PeerStep {
  const { dial } = state
  const asked = input.wanted && (!dial.wanted || input.addresses !== undefined)
  const next: Dial = {
    wanted: input.wanted,
    attempts: asked ? 0 : dial.attempts,
    addresses: input.addresses?.slice(0, context.limits.maxAddresses) ?? dial.addresses,
    phase: !input.wanted && dial.phase.type === 'waiting' ? IDLE : dial.phase,
  }
  if (asked) return dialNow({ ...state, dial: next })
  return input.wanted ? unchanged(state) : { next: { ...state, dial: next }, effects: [] }
}

/** Another try after the back-off, unless the peer has found us meanwhile. */
export function onDialFailed(state: PeerState, context: PeerContext): PeerStep {
  const { dial } = state
  assert(dial.phase.type === 'under_way', 'no dial is under way that could have failed')
  const [first, ...others] = dial.addresses
  const addresses = first === undefined ? [] : [...others, first]
  const over: Dial = { ...dial, phase: IDLE, addresses }
  return { next: { ...state, dial: state.line.type === 'none' ? dialLater(over, false, context) : over }, effects: [] }
}

/** The dial whose time has come. */
export function dialWhenDue(state: PeerState, context: PeerContext): PeerStep {
  const { phase } = state.dial
  return phase.type === 'waiting' && context.now >= phase.nextAt ? dialNow(state) : unchanged(state)
}

/** There is a line: no dial is waited for. One that is under way may still bring a connection, which is judged then. */
export function dialAfterConnect(dial: Dial, outgoing: boolean, address: PeerAddress | undefined): Dial {
  // An outgoing connection is the answer to the dial under way; an incoming one leaves that dial as it is.
  const phase = dial.phase.type === 'under_way' && !outgoing ? dial.phase : IDLE
  if (address === undefined) return { ...dial, phase }
  const others = dial.addresses.filter(({ host, port }) => host !== address.host || port !== address.port)
  // An address that was taken off the list while it was dialled stays off.
  return { ...dial, phase, addresses: others.length < dial.addresses.length ? [address, ...others] : others }
}

/** What follows a dial that failed or a line that ended. A stable line makes up for all that failed before it. */
export function dialLater(dial: Dial, stable: boolean, context: PeerContext): Dial {
  const failures = stable ? 0 : dial.attempts
  const attempts = stable ? 0 : failures + 1
  if (!dial.wanted || dial.addresses.length === 0 || dial.phase.type === 'under_way') return { ...dial, attempts }
  return { ...dial, attempts, phase: { type: 'waiting', nextAt: context.now + backoffMs(failures, context) } }
}

export function isStable(line: HandshakingLine | UpLine, context: PeerContext): boolean {
  return line.type === 'up' && context.now - line.since >= context.limits.stableAfterMs
}

/**
 * The time to wait after so many failures: it doubles with each, always between the two named bounds. Up to half of it is jitter, so
 * that two nodes that lost each other do not dial each other in the same moment for ever.
 */
function backoffMs(failures: number, { limits, entropy }: PeerContext): number {
  const ceiling = Math.min(limits.maxBackoffMs, limits.minBackoffMs * 2 ** (failures + 1))
  return Math.max(limits.minBackoffMs, Math.ceil((ceiling / 2) * (1 + entropy)))
}

function dialNow(state: PeerState): PeerStep {
  const { addresses, phase } = state.dial
  if (state.line.type !== 'none' || phase.type === 'under_way' || addresses.length === 0)
    return { next: state, effects: [] }
  return {
    next: { ...state, dial: { ...state.dial, phase: { type: 'under_way' } } },
    effects: [{ type: 'dial', addresses }],
  }
}
