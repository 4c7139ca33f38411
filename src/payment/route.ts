import { assert, encode, err, fromHex, type NodeId, ok, type Result, toHex, u32 } from '../base/index.ts'
import { hmacSha256 } from '../crypto/index.ts'
import { buildOnion, encodeFinalPayload, type OnionHop } from '../onion/index.ts'
import { failure } from './replies.ts'
import type { Attempt, Terms } from './state.ts'
import type { Candidate, Payment, PaymentContext, PaymentFailure } from './types.ts'

// The way that a payment takes: one hop, to a peer that we have a channel with. A way over others would come from here as well, with
// more hops in the onion, more shared secrets, a fee, and candidates that lead to the first of the hops.

export type Route = Pick<Attempt, 'cltvExpiry' | 'onionRoutingPacket' | 'sharedSecrets' | 'left'>

interface Wanted {
  readonly payment: Pick<Payment, 'peer' | 'amountMsat' | 'paymentHash'>
  readonly terms: Terms
  readonly retries: number
}

/** The channels to try, the best first, and the onion for all of them; or why there is no way now. Cost: one onion. */
export function findRoute({ payment, terms, retries }: Wanted, context: PaymentContext): Result<Route, PaymentFailure> {
  const candidates = context.candidates(payment.peer).toSorted((a, b) => (a.spendableMsat > b.spendableMsat ? -1 : 1))
  const [best] = candidates
  if (best === undefined) return err(noChannel(payment.peer))
  if (best.spendableMsat < payment.amountMsat) return err(tooLittle(payment, best, candidates.length))
  // A block may come in between: then the recipient would count one less than it asks for (BOLT 11, min_final_cltv_expiry_delta).
  const cltvExpiry = context.height + terms.finalCltvExpiryDelta + context.limits.cltvMarginBlocks
  const built = buildOnion({
    sessionKey: sessionKeyOf(terms, retries),
    associatedData: fromHex(payment.paymentHash),
    hops: [finalHop(payment, terms, cltvExpiry)],
  })
  // One field of an invoice has at most 639 bytes, and a peer that we have a channel with is a point on the curve.
  assert(built.ok, 'the onion for one hop can be built')
  const { packet, sharedSecrets } = built.value
  const left = candidates.filter(({ spendableMsat }) => spendableMsat >= payment.amountMsat)
  return ok({ cltvExpiry, onionRoutingPacket: packet, sharedSecrets: sharedSecrets.map(toHex), left })
}

function finalHop(
  { peer, amountMsat }: Wanted['payment'],
  { paymentSecret, paymentMetadata, keysendPreimage }: Terms,
  outgoingCltvValue: number,
): OnionHop {
  const payload = encodeFinalPayload({
    type: 'plain',
    amtToForward: amountMsat,
    outgoingCltvValue,
    totalMsat: amountMsat,
    ...(paymentSecret !== undefined && { paymentSecret: fromHex(paymentSecret) }),
    ...(paymentMetadata !== undefined && { paymentMetadata: fromHex(paymentMetadata) }),
    ...(keysendPreimage !== undefined && { keysendPreimage: fromHex(keysendPreimage) }),
    unknown: [],
  })
  return { nodeId: peer, payload }
}

/** A key of its own for each onion that may have been seen: the keystream of one never hides two payloads. */
function sessionKeyOf({ sessionKey }: Terms, retries: number): Uint8Array {
  const first = fromHex(sessionKey)
  return retries === 0 ? first : hmacSha256(first, encode(u32, retries))
}

function noChannel(peer: NodeId): PaymentFailure {
  const advice = 'open a channel with that node, or wait until it is connected and its channel is ready'
  return failure('no_channel', `No channel leads to ${peer} now: ${advice}.`)
}

function tooLittle({ peer, amountMsat }: Wanted['payment'], best: Candidate, channels: number): PaymentFailure {
  const where = channels === 1 ? 'the channel' : `the best of ${channels} channels`
  const words = `Expected at most ${best.spendableMsat} msat, which ${where} with ${peer} can spend now, got ${amountMsat} msat.`
  return failure('insufficient_balance', words)
}
