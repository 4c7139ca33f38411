import type { Htlc } from '../channel/index.ts'
import { type OnionHtlc, openPaymentOnion } from '../onion/index.ts'
import type { PaymentContext } from './types.ts'

type Opened = ReturnType<typeof openPaymentOnion>

// A cache and nothing more: an onion may be opened before its HTLC is irrevocable, and is forgotten with it.
const known = new WeakMap<Uint8Array, { readonly of: OnionHtlc; readonly by: Uint8Array; readonly opened: Opened }>()

/** What the onion of an HTLC says to us. Cost: one onion. */
export function openedOf(htlc: Htlc, nodeSecret: Uint8Array): Opened {
  const found = known.get(htlc.onionRoutingPacket)
  if (found?.by === nodeSecret && isAlike(found.of, htlc)) return found.opened
  const opened = openPaymentOnion({ htlc, nodeSecret })
  known.set(htlc.onionRoutingPacket, { of: htlc, by: nodeSecret, opened })
  return opened
}

/** Opens the onion of an HTLC that is on its way to be irrevocable, while there is nothing else to do. False where that is done. */
export function prepareOnion(htlc: Htlc, { nodeSecret }: Pick<PaymentContext, 'nodeSecret'>): boolean {
  if (known.has(htlc.onionRoutingPacket)) return false
  openedOf(htlc, nodeSecret)
  return true
}

/** Everything that an onion is held against. */
function isAlike(a: OnionHtlc, b: OnionHtlc): boolean {
  const { paymentHash, amountMsat, cltvExpiry, pathKey } = a
  return (
    paymentHash === b.paymentHash && amountMsat === b.amountMsat && cltvExpiry === b.cltvExpiry && pathKey === b.pathKey
  )
}
