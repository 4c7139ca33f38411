import type { Msat } from '../base/index.ts'
import { type ChannelId, err, ok, pmapGet, pmapSet, type Result } from '../base/index.ts'
import type { PaymentLimits } from './limits.ts'
import { putPolicy } from './records.ts'
import { failure, refuse, replyTo } from './replies.ts'
import type { PaymentStep, PaymentsState } from './state.ts'
import type { PaymentContext, PaymentFailure, PaymentInput, Policy } from './types.ts'

// What we ask for passing payments on through a channel (BOLT 7, the channel_update message).

type SetPolicy = Extract<PaymentInput, { type: 'set_policy' }>

/** Ours for this channel: what our user has set, or the default of all. */
export function policyOf(
  state: Pick<PaymentsState, 'policies'>,
  channelId: ChannelId,
  { limits }: { readonly limits: PaymentLimits },
): Policy {
  const set = pmapGet(state.policies, channelId)
  if (set !== undefined) return set
  return {
    feeBaseMsat: limits.feeBaseMsat,
    feeProportionalMillionths: limits.feeProportionalMillionths,
    cltvExpiryDelta: limits.cltvExpiryDelta,
    htlcMinimumMsat: limits.htlcMinimumMsat,
    disabled: false,
    updatedAt: 0,
  }
}

/** What is not named stays as it is. */
export function setPolicy(state: PaymentsState, input: SetPolicy, context: PaymentContext): PaymentStep {
  const { request, channelId, type: _type, ...change } = input
  if (!context.hasChannel(channelId)) {
    return refuse(state, [request], failure('unknown_channel', `There is no channel ${channelId}.`))
  }
  const policy: Policy = { ...policyOf(state, channelId, context), ...change, updatedAt: context.now }
  const checked = judged(policy, context)
  if (!checked.ok) return refuse(state, [request], checked.error)
  const next = { ...state, policies: pmapSet(state.policies, channelId, policy) }
  return {
    next,
    writes: [putPolicy(channelId, policy)],
    effects: replyTo([request], { type: 'policy', channelId, policy }),
  }
}

function judged(policy: Policy, { limits }: PaymentContext): Result<void, PaymentFailure> {
  const { feeBaseMsat, feeProportionalMillionths: parts, cltvExpiryDelta: delta } = policy
  const { htlcMinimumMsat: least, htlcMaximumMsat: most } = policy
  const { minCltvExpiryDelta, maxCltvExpiryDelta } = limits
  if (feeBaseMsat < 0n || feeBaseMsat > U32) return wrong(`a base fee of 0 to ${U32} msat`, feeBaseMsat)
  if (!isWithin(parts, 0, Number(U32))) return wrong(`0 to ${U32} millionths as fee`, parts)
  // Less is not enough to claim upstream what was claimed downstream in the last moment (BOLT 2, cltv_expiry_delta selection).
  if (!isWithin(delta, minCltvExpiryDelta, maxCltvExpiryDelta)) {
    return wrong(`a cltv_expiry_delta of ${minCltvExpiryDelta} to ${maxCltvExpiryDelta} blocks`, delta)
  }
  if (least < 0n) return wrong('a least amount of 0 msat or more', least)
  if (most !== undefined && most < least) return wrong(`a largest amount of at least ${least} msat`, most)
  return ok(undefined)
}

const U32 = 0xffff_ffffn

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most

function wrong(expected: string, got: bigint | number): Result<void, PaymentFailure> {
  return err(failure('invalid_policy', `Expected ${expected}, got ${got} (BOLT 7, the channel_update message).`))
}

/** What this policy asks for passing on so much (BOLT 7, HTLC fees), rounded down. */
export function feeFor({ feeBaseMsat, feeProportionalMillionths }: Policy, amountMsat: Msat): bigint {
  return feeBaseMsat + (amountMsat * BigInt(feeProportionalMillionths)) / 1_000_000n
}

/** Whether a sender who knows the one has asked for nothing that the other forbids (BOLT 4, non-strict forwarding). */
export function isAlike(a: Policy, b: Policy): boolean {
  return (
    a.feeBaseMsat === b.feeBaseMsat &&
    a.feeProportionalMillionths === b.feeProportionalMillionths &&
    a.cltvExpiryDelta === b.cltvExpiryDelta &&
    a.htlcMinimumMsat === b.htlcMinimumMsat &&
    a.htlcMaximumMsat === b.htlcMaximumMsat &&
    a.disabled === b.disabled
  )
}
