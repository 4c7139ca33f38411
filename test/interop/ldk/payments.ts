import {
  Bolt11Invoice,
  Bolt11InvoiceDescription,
  ChannelFeatures,
  Description,
  FailureCode,
  NodeFeatures,
  Option_C2Tuple_u64u16ZZ,
  Option_u16Z,
  Path,
  PaymentParameters,
  RecipientOnionFields,
  Retry,
  Route,
  RouteHop,
  RouteParameters,
  type ThreeTuple_ThirtyTwoBytesRecipientOnionFieldsRouteParametersZ,
  UtilMethods,
} from 'lightningdevkit'
import { sha256 } from '../../../src/crypto/index.ts'
import { hex, ok, resultOf, some32, someU32, someU64, unhex } from './bytes.ts'
import type { LdkEvents } from './events.ts'
import type { LdkNode } from './ldkNode.ts'
import type { LdkEnd, RefusalReason, Verbs } from './protocol.ts'

// Payments of LDK, as their verbs ask for them. Each has its hash for its id, so that none is sent twice.

const KEYSEND_CLTV_DELTA = 144
const NO_RETRY = 0

export function invoice(node: LdkNode, args: Verbs['invoice']['in']): Verbs['invoice']['out'] {
  const { amountMsat, description = 'from LDK', paymentHash, minFinalCltv, expirySeconds } = args
  const words = resultOf<Description>(Description.constructor_new(description), 'a description')
  const made = node.manager.create_bolt11_invoice(
    someU64(amountMsat),
    Bolt11InvoiceDescription.constructor_direct(words),
    someU32(expirySeconds),
    minFinalCltv === undefined ? Option_u16Z.constructor_none() : Option_u16Z.constructor_some(minFinalCltv),
    some32(paymentHash),
  )
  const value = resultOf<Bolt11Invoice>(made, 'an invoice')
  return { invoice: value.to_str(), paymentHash: hex(value.payment_hash()) }
}

export function pay(
  node: LdkNode,
  events: LdkEvents,
  { invoice: text, amountMsat }: Verbs['pay']['in'],
): Promise<LdkEnd> {
  const read = resultOf<Bolt11Invoice>(Bolt11Invoice.constructor_from_str(text), 'an invoice')
  const parameters =
    amountMsat === undefined
      ? UtilMethods.constructor_payment_parameters_from_invoice(read)
      : UtilMethods.constructor_payment_parameters_from_variable_amount_invoice(read, BigInt(amountMsat))
  const way = resultOf<ThreeTuple_ThirtyTwoBytesRecipientOnionFieldsRouteParametersZ>(parameters, 'an invoice to pay')
  const hash = way.get_a()
  const end = events.end(hex(hash))
  const retry = Retry.constructor_attempts(NO_RETRY)
  ok(node.manager.send_payment(hash, way.get_b(), hash, way.get_c(), retry), 'a payment')
  return end
}

export function keysend(node: LdkNode, events: LdkEvents, args: Verbs['keysend']['in']): Promise<LdkEnd> {
  const preimage = node.keys.as_EntropySource().get_secure_random_bytes()
  const to = PaymentParameters.constructor_for_keysend(unhex(args.nodeId), KEYSEND_CLTV_DELTA, false)
  const way = RouteParameters.constructor_from_payment_params_and_value(to, BigInt(args.amountMsat))
  const fields = RecipientOnionFields.constructor_spontaneous_empty()
  const id = sha256(preimage)
  const end = events.end(hex(id))
  const retry = Retry.constructor_attempts(NO_RETRY)
  ok(node.manager.send_spontaneous_payment(some32(hex(preimage)), fields, id, way, retry), 'a keysend')
  return end
}

export function payAlong(node: LdkNode, events: LdkEvents, args: Verbs['payAlong']['in']): Promise<LdkEnd> {
  const hops = args.hops.map(({ nodeId, scid, feeMsat, cltvDelta }) =>
    RouteHop.constructor_new(
      unhex(nodeId),
      NodeFeatures.constructor_empty(),
      BigInt(scid),
      ChannelFeatures.constructor_empty(),
      BigInt(feeMsat),
      cltvDelta,
      false,
    ),
  )
  const last = args.hops.at(-1)
  if (last === undefined) throw new Error('a route has a hop')
  const to = PaymentParameters.constructor_from_node_id(unhex(last.nodeId), last.cltvDelta)
  const total = BigInt(args.totalMsat ?? last.feeMsat)
  const way = RouteParameters.constructor_from_payment_params_and_value(to, total)
  const route = Route.constructor_new([Path.constructor_new(hops, null)], way)
  const fields = RecipientOnionFields.constructor_secret_only(unhex(args.paymentSecret))
  const hash = unhex(args.paymentHash)
  const end = events.end(args.paymentHash)
  ok(node.manager.send_payment_with_route(route, hash, fields, hash), 'a payment along a route')
  return end
}

export function refuse({ manager }: LdkNode, { paymentHash, reason }: Verbs['refuse']['in']): void {
  manager.fail_htlc_backwards_with_reason(unhex(paymentHash), codeOf(reason))
}

function codeOf(reason: RefusalReason): FailureCode {
  switch (reason) {
    case 'temporary_node_failure':
      return FailureCode.constructor_temporary_node_failure()
    case 'required_node_feature_missing':
      return FailureCode.constructor_required_node_feature_missing()
    case 'incorrect_details':
      return FailureCode.constructor_incorrect_or_unknown_payment_details()
    case 'payload':
      return FailureCode.constructor_invalid_onion_payload(Option_C2Tuple_u64u16ZZ.constructor_none())
  }
}
