import { msat, type NodeId, pmapDelete, pmapGet, pmapSet } from '../base/index.ts'
import { type Forward, type HtlcRef, htlcKey } from './inbound.ts'
import type { PaymentsState, Usage } from './state.ts'

// Forwards in their place in the state, and what follows from them: the way back from an outbound HTLC, and what each peer uses.

export function withForward(state: PaymentsState, forward: Forward): PaymentsState {
  const key = htlcKey(forward)
  return {
    ...state,
    forwards: pmapSet(state.forwards, key, forward),
    byOutbound: pmapSet(state.byOutbound, htlcKey(forward.outbound), key),
    usage: withUsage(state, forward, 1),
  }
}

export function withoutForward(state: PaymentsState, forward: Forward): PaymentsState {
  return {
    ...state,
    forwards: pmapDelete(state.forwards, htlcKey(forward)),
    byOutbound: pmapDelete(state.byOutbound, htlcKey(forward.outbound)),
    usage: withUsage(state, forward, -1),
  }
}

/** The forward for which we offered this HTLC. */
export function forwardOf(state: PaymentsState, outbound: HtlcRef): Forward | undefined {
  const key = pmapGet(state.byOutbound, htlcKey(outbound))
  return key === undefined ? undefined : pmapGet(state.forwards, key)
}

export function usageOf(state: PaymentsState, peer: NodeId): Usage {
  return pmapGet(state.usage, peer) ?? { count: 0, amountMsat: msat(0n), dustMsat: msat(0n) }
}

function withUsage(state: PaymentsState, { from, amountMsat, isDust }: Forward, sign: 1 | -1): PaymentsState['usage'] {
  const before = usageOf(state, from)
  const change = BigInt(sign) * amountMsat
  const count = before.count + sign
  if (count === 0) return pmapDelete(state.usage, from)
  return pmapSet(state.usage, from, {
    count,
    amountMsat: msat(before.amountMsat + change),
    dustMsat: msat(before.dustMsat + (isDust ? change : 0n)),
  })
}
