import { msat, type PaymentHash, paymentHash } from '../../src/base/index.ts'
import type { ChannelEvent, ChannelStep } from '../../src/channel/types.ts'
import { sha256 } from '../../src/crypto/index.ts'
import {
  type Duo,
  deliver,
  durableOf,
  effectsOf,
  input,
  type Name,
  otherName,
  type Side,
  START_HEIGHT,
} from './harness.ts'

// Payments between the two machines of the harness. A payment is named by a small number, its secret.

export interface Offer {
  readonly amountMsat: bigint
  readonly secret: number
  readonly cltvExpiry?: number
}

export function preimageOf(secret: number): Uint8Array {
  return new Uint8Array(32).fill(secret)
}

export function hashOf(secret: number): PaymentHash {
  return paymentHash(sha256(preimageOf(secret)))
}

export function add(duo: Duo, name: Name, offer: Offer): ChannelStep {
  return input(duo, name, {
    type: 'add_htlc',
    amountMsat: msat(offer.amountMsat),
    paymentHash: hashOf(offer.secret),
    cltvExpiry: offer.cltvExpiry ?? START_HEIGHT + 200,
    onionRoutingPacket: new Uint8Array(1366).fill(offer.secret),
  })
}

export function fulfill(duo: Duo, name: Name, id: number, secret: number): ChannelStep {
  return input(duo, name, {
    type: 'resolve_htlc',
    id,
    resolution: { type: 'fulfill', paymentPreimage: preimageOf(secret) },
  })
}

/** Both sides sign whatever is pending until nothing is: every update becomes irrevocable. */
export function settle(duo: Duo): void {
  for (;;) {
    input(duo, 'alice', { type: 'commit' })
    input(duo, 'bob', { type: 'commit' })
    if (duo.alice.outbox.length === 0 && duo.bob.outbox.length === 0) return
    deliver(duo)
  }
}

/** One payment from offer to end. */
export function pay(duo: Duo, from: Name, offer: Offer): void {
  add(duo, from, offer)
  settle(duo)
  const to = otherName(from)
  const htlc = durableOf(duo[to]).htlcs.findLast(other => other.offeredBy === 'remote')
  if (htlc === undefined) throw new Error('the offer was not taken')
  fulfill(duo, to, htlc.id, offer.secret)
  settle(duo)
}

/** The events of a side but for changes of state. */
export function eventsOf(side: Side): readonly ChannelEvent[] {
  return effectsOf(side, 'event')
    .map(effect => effect.event)
    .filter(event => event.type !== 'state_changed')
}
