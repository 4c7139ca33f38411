import { type FeeratePerKw, feeratePerKw } from '../base/index.ts'
import { mayUpdate } from './handlers/mayUpdate.ts'
import { feeComplaint } from './handlers/updateFee.ts'
import type { ChannelContext, FundedChannel } from './types.ts'

export type FeerateContext = Pick<ChannelContext, 'feerates' | 'limits'>

/**
 * The feerate that the opener should ask for now: none while the channel's own is near enough to what we would choose, while a
 * change is on its way, or where we are not the opener (BOLT 2, updating fees). A raise that we cannot pay for in full goes as far as
 * we can. Cost: constant while nothing is due; for a raise that is too high, some passes over the live HTLCs.
 */
export function dueFeerate(channel: FundedChannel, context: FeerateContext): FeeratePerKw | undefined {
  const { durable } = channel
  if (durable.params.role !== 'opener' || durable.feeUpdates.length > 0 || !mayUpdate(channel)) return undefined
  const wanted = wantedFeerate(channel, context)
  if (isNearEnough(durable.feeratePerKw, wanted, context)) return undefined
  if (wanted < durable.feeratePerKw) return canHave(channel, wanted, context) ? wanted : undefined
  const highest = highestUpTo(channel, wanted, context)
  // A small step that leads nowhere near it would be tried with each block.
  return isNearEnough(durable.feeratePerKw, highest, context) ? undefined : highest
}

/** A commitment without anchors cannot be paid for later: it has to confirm by itself, as a mutual close has. */
function wantedFeerate(
  { durable: { params } }: FundedChannel,
  { feerates: { commitment, mutualClose }, limits }: FeerateContext,
): FeeratePerKw {
  const wanted = params.format === 'static_remotekey' ? Math.max(commitment, mutualClose) : commitment
  return feeratePerKw(Math.min(Math.max(wanted, limits.minFeeratePerKw), limits.maxFeeratePerKw))
}

/** Too low may never be mined, too high is only dear: so the bounds are not alike. */
function isNearEnough(has: FeeratePerKw, wanted: FeeratePerKw, { limits }: FeerateContext): boolean {
  const isLow = has * 100 < wanted * limits.raiseFeerateBelowPercent
  return !isLow && has * 100 <= wanted * limits.lowerFeerateAbovePercent
}

function canHave({ durable }: FundedChannel, feerate: FeeratePerKw, context: FeerateContext): boolean {
  return feeComplaint(durable, feerate, 'local', context) === undefined
}

/** What we can pay at one feerate we can pay at every lower one. */
function highestUpTo(channel: FundedChannel, wanted: FeeratePerKw, context: FeerateContext): FeeratePerKw {
  if (canHave(channel, wanted, context)) return wanted
  let [can, cannot] = [channel.durable.feeratePerKw, wanted]
  while (cannot - can > 1) {
    const middle = feeratePerKw(Math.floor((can + cannot) / 2))
    if (canHave(channel, middle, context)) can = middle
    else cannot = middle
  }
  return can
}
