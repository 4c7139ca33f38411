import { assert, fromHex, type Msat, msat, type NodeId, type PaymentHash, toHex, unreachable } from '../base/index.ts'
import {
  type BuiltOnion,
  buildOnion,
  encodeFinalPayload,
  encodeIntermediatePayload,
  type FailureName,
  type OnionHop,
  type PlainFinalPayload,
} from '../onion/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../payment/index.ts'
import type { ShortChannelId, UpdateAddHtlc } from '../wire/index.ts'

// What a sender says that is not so. No commitment holds an onion (BOLT 3): whoever makes it may say in it what it likes of the HTLC that it
// comes with, and only those who open it can tell.

/** Whose each lie is to find out: of who is to pass it on, of who is to be paid; or of nobody, since it is none. */
export const LIES = {
  /** One millisatoshi less than it takes to pass it on. */
  fee: { finder: 'forwarder', says: 'fee_insufficient' },
  /** One block less. */
  delta: { finder: 'forwarder', says: 'incorrect_cltv_expiry' },
  /** More than the HTLC holds. */
  amount: { finder: 'payee', says: 'final_incorrect_htlc_amount' },
  /** More time than the HTLC has. */
  expiry: { finder: 'payee', says: 'final_incorrect_cltv_expiry' },
  /** Another secret than the invoice's. */
  secret: { finder: 'payee', says: 'incorrect_or_unknown_payment_details' },
  /** Less than the invoice asks for. */
  too_little: { finder: 'payee', says: 'incorrect_or_unknown_payment_details' },
  /** More than twice as much. */
  too_much: { finder: 'payee', says: 'incorrect_or_unknown_payment_details' },
  /** One part, and the others never come. */
  part: { finder: 'payee', says: 'mpp_timeout' },
  /** Two parts that bring all, of which the first says that it is more. */
  totals: { finder: 'payee', says: 'incorrect_or_unknown_payment_details' },
  /** Twice as much as the invoice asks for: that is allowed. */
  twice: { finder: undefined, says: undefined },
  /** A payment that is as it should be; and the same onion once more. */
  replay: { finder: undefined, says: undefined },
  /** An HTLC for somebody else, who knows nothing of it, over a node that has an invoice of that hash. */
  through: { finder: undefined, says: undefined },
} as const satisfies Readonly<
  Record<string, { finder: 'forwarder' | 'payee' | undefined; says: FailureName | undefined }>
>

export type Lie = keyof typeof LIES

/** Whom the onion is for, and how the one before it calls the channel there. */
export interface LieHop {
  readonly nodeId: NodeId
  readonly shortChannelId?: ShortChannelId
}

/** What somebody is about to lie about. */
export interface Story {
  readonly lie: Lie
  readonly paymentHash: PaymentHash
  readonly preimage: Uint8Array
  /** None where no invoice is paid. */
  readonly paymentSecret?: Uint8Array
  /** What the payee is to have. */
  readonly amountMsat: bigint
  /** One, or two: who passes it on and who is paid. */
  readonly hops: readonly LieHop[]
}

const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = DEFAULT_PAYMENT_LIMITS

/** What it takes to send so much over so many hops that pass it on, at what nodes of the world ask for. */
export function withFee(amountMsat: bigint, hops: readonly LieHop[]): bigint {
  if (hops.length === 1) return amountMsat
  return amountMsat + feeBaseMsat + (amountMsat * BigInt(feeProportionalMillionths)) / 1_000_000n
}

/** In blocks. */
export const deltaOver = (hops: readonly LieHop[]): number => (hops.length - 1) * cltvExpiryDelta

/** What is sent, in each of its HTLCs, one after the other. */
export function amountsOf({ lie, amountMsat }: Pick<Story, 'lie' | 'amountMsat'>): readonly bigint[] {
  const half = amountMsat / 2n
  switch (lie) {
    case 'too_little':
      return [amountMsat - 1n]
    case 'too_much':
      return [amountMsat * 2n + 1n]
    case 'twice':
      return [amountMsat * 2n]
    case 'part':
      return [half]
    case 'totals':
      return [half, amountMsat - half]
    case 'replay':
      return [amountMsat, amountMsat]
    case 'fee':
    case 'delta':
    case 'amount':
    case 'expiry':
    case 'secret':
    case 'through':
      return [amountMsat]
    default:
      return unreachable(lie)
  }
}

/** The onion that goes with the HTLC. `index`: which of them it is. Cost: one onion. */
export function lyingOnion(
  story: Story,
  { cltvExpiry, index, sessionKey }: Pick<UpdateAddHtlc, 'cltvExpiry'> & { index: number; sessionKey: Uint8Array },
): BuiltOnion {
  const { lie, hops, paymentHash } = story
  const paidMsat = amountsOf(story)[index] ?? story.amountMsat
  const expiry = cltvExpiry - deltaOver(hops)
  const built = buildOnion({
    sessionKey,
    associatedData: fromHex(paymentHash),
    hops: hops.map(({ nodeId }, at): OnionHop => {
      const next = hops[at + 1]?.shortChannelId
      if (next === undefined)
        return { nodeId, payload: encodeFinalPayload(finalPayload(story, { paidMsat, expiry, index })) }
      const payload = encodeIntermediatePayload({
        type: 'plain',
        amtToForward: msat(paidMsat + (lie === 'fee' ? 1n : 0n)),
        outgoingCltvValue: expiry + (lie === 'delta' ? 1 : 0),
        shortChannelId: next,
        unknown: [],
      })
      return { nodeId, payload }
    }),
  })
  assert(built.ok, 'the onion for two hops can be built')
  return built.value
}

function finalPayload(
  { lie, amountMsat: askedMsat, paymentSecret, preimage }: Story,
  { paidMsat, expiry, index }: { readonly paidMsat: bigint; readonly expiry: number; readonly index: number },
): PlainFinalPayload {
  const saidMsat = msat(paidMsat + (lie === 'amount' ? 1n : 0n))
  const outgoingCltvValue = expiry + (lie === 'expiry' ? 1 : 0)
  const common = { type: 'plain', amtToForward: saidMsat, outgoingCltvValue, unknown: [] } as const
  if (paymentSecret === undefined) return { ...common, totalMsat: saidMsat, keysendPreimage: preimage }
  const isWrong = lie === 'secret'
  return {
    ...common,
    totalMsat: totalOf(lie, { askedMsat, saidMsat, index }),
    paymentSecret: isWrong ? paymentSecret.map((byte, at) => (at === 0 ? byte ^ 1 : byte)) : paymentSecret,
  }
}

function totalOf(
  lie: Lie,
  { askedMsat, saidMsat, index }: { readonly askedMsat: bigint; readonly saidMsat: Msat; readonly index: number },
): Msat {
  if (lie === 'part') return msat(askedMsat)
  if (lie === 'totals') return msat(askedMsat + 1n - BigInt(index))
  return saidMsat
}

/** How an onion is known: by the key that it begins with, behind its version, which is of its own (BOLT 4, packet structure). */
export const onionKey = (packet: Uint8Array): string => toHex(packet.subarray(1, 34))
