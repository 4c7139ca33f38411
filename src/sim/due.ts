import { type FeeratePerKw, feeratePerKw, msat, type PaymentHash, sat } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { type ChannelDurable, channelObscuringFactor, type Htlc } from '../channel/index.ts'
import { ANCHOR_SAT, anchorsCostSat, commitmentFeeSat, commitmentNumberOf, isTrimmed } from '../commitment/index.ts'

/**
 * The least that a node is due of a channel which ended with `spend`: what both sides hold to be settled, without what it has offered
 * and the peer has shown the preimage of (`isRevealed`), with what it was offered and has fulfilled; less what BOLT 3 takes from it
 * on the way: the opener's fee and anchors, outputs that are dust, fractions of a satoshi. Its own claims cost besides. What it was
 * offered may be gone as well (`isLeft`): not worth its claim, it went back to the peer once it had expired.
 */
export function dueSat(
  durable: ChannelDurable,
  spend: Tx,
  isRevealed: (hash: PaymentHash) => boolean,
  isLeft: (amountSat: bigint) => boolean,
): bigint {
  // No HTLC has an output of so little; one that is trimmed may have the amount of an anchor.
  const outputs = spend.outputs.flatMap(({ amountSat }) => (amountSat === ANCHOR_SAT ? [] : [amountSat]))
  /** Whether there is an output for it, which is then counted for no other. */
  const takeOutput = (amount: bigint) => {
    const index = outputs.indexOf(sat(amount))
    if (index >= 0) outputs.splice(index, 1)
    return index >= 0
  }
  let mainMsat: bigint = durable.settled.localMsat
  let htlcsSat = 0n
  for (const htlc of durable.htlcs) {
    // On no commitment: nothing has happened to it.
    if (htlc.offeredBy === 'local' && htlc.added === 'proposed') continue
    const amountSat = htlc.amountMsat / 1000n
    const isOnChain = takeOutput(amountSat)
    const isDust = !isOnChain && mayBeTrimmed(durable, htlc)
    const isFulfilled = htlc.resolution?.type === 'fulfill'
    if (htlc.offeredBy === 'local') {
      mainMsat -= htlc.amountMsat
      if (!isFulfilled && !isDust && !isRevealed(htlc.paymentHash)) htlcsSat += amountSat
    } else if (isFulfilled && isOnChain && !isLeft(amountSat)) htlcsSat += amountSat
    // Removed already where the other side holds it, and maybe offered back since.
    else if (isFulfilled && !isOnChain && !isDust) mainMsat += htlc.amountMsat
  }
  const mainSat = mainMsat / 1000n - costSat(durable, spend)
  const largestDust = [durable.params.local, durable.params.remote].map(({ dustLimitSat }) => dustLimitSat)
  // Below zero: what was offered again of an HTLC that is fulfilled and still on this commitment, and counted there.
  const main = mainSat < 0n || largestDust.every(limit => mainSat >= limit) ? mainSat : 0n
  const fractions = BigInt(durable.htlcs.length + 1)
  return main + htlcsSat - fractions
}

/** Of no commitment: a close that both have agreed on. */
export function isMutualClose({ params }: ChannelDurable, spend: Tx): boolean {
  return commitmentNumberOf(spend, channelObscuringFactor(params)) === undefined
}

/** Whether a commitment that the peer has revoked, as its number tells. Numbers of our own commitments must be kept from here. */
export function isRevokedNumber({ params, remoteCommit }: ChannelDurable, spend: Tx): boolean {
  const number = commitmentNumberOf(spend, channelObscuringFactor(params))
  return number !== undefined && number < remoteCommit.number
}

/** What the transaction itself takes from this side. */
function costSat(durable: ChannelDurable, spend: Tx): bigint {
  const { params } = durable
  const paid = params.fundingAmountSat - spend.outputs.reduce((sum, { amountSat }) => sum + amountSat, 0n)
  // Which of the two pays for a close was agreed between them.
  if (isMutualClose(durable, spend)) return paid
  if (params.role !== 'opener') return 0n
  const feeSat = commitmentFeeSat(params.format, highestFeerate(durable), durable.htlcs.length)
  const anchorsSat = anchorsCostSat(params.format)
  // The rest is what else was lost on it: dust and fractions.
  if (paid > feeSat) return feeSat + anchorsSat
  return paid + anchorsSat
}

function mayBeTrimmed(durable: ChannelDurable, { amountMsat }: Htlc): boolean {
  const { format, local, remote } = durable.params
  const rate = highestFeerate(durable)
  return [local, remote].some(({ dustLimitSat }) =>
    (['offered', 'received'] as const).some(direction =>
      isTrimmed({ direction, amountMsat: msat(amountMsat) }, { format, feeratePerKw: rate, dustLimitSat }),
    ),
  )
}

/** Of all that may be valid on either side. */
function highestFeerate(durable: ChannelDurable): FeeratePerKw {
  return feeratePerKw(Math.max(...feerates(durable)))
}

/** The same: a commitment may be on the chain whose feerate has fallen, and is settled on neither side. */
export function lowestFeerate(durable: ChannelDurable): FeeratePerKw {
  return feeratePerKw(Math.min(...feerates(durable)))
}

const feerates = ({ feeratePerKw: settled, feeUpdates }: ChannelDurable): readonly number[] => [
  settled,
  ...feeUpdates.map(update => update.feeratePerKw),
]
