import { assert, type FeeratePerKw, type Msat, msat } from '../base/index.ts'
import {
  buildCommitmentTx,
  type CommitmentHtlc,
  type CommitmentInput,
  type CommitmentTx,
  deriveCommitmentKeys,
  obscuringFactor,
} from '../commitment/index.ts'
import type { ChannelDurable, ChannelParams, Htlc, Party } from './types.ts'
import { isRemovedFrom, otherParty, reflects, standsOn, type WhichCommitment } from './updates.ts'

// What a commitment transaction of either side holds, read off the stages of the updates.

/** What an HTLC is on a commitment. */
export type StandingHtlc = Pick<Htlc, 'offeredBy' | 'id' | 'amountMsat' | 'paymentHash' | 'cltvExpiry'>

export interface CommitmentContents<H extends StandingHtlc = Htlc> {
  readonly feeratePerKw: FeeratePerKw
  readonly toLocalMsat: Msat
  readonly toRemoteMsat: Msat
  readonly htlcs: readonly H[]
}

/** Balances are before the fee and the anchors, which the opener pays. Cost: one pass over the live HTLCs. */
export function commitmentContents(durable: ChannelDurable, holder: Party, which: WhichCommitment): CommitmentContents {
  // Plain bigints on the way: an HTLC may spend what a later one of the list brings in.
  const balance: Record<Party, bigint> = { local: durable.settled.localMsat, remote: durable.settled.remoteMsat }
  const htlcs: Htlc[] = []
  for (const htlc of durable.htlcs) {
    const standing = standsOn(htlc, holder, which)
    const fulfilled = htlc.resolution?.type === 'fulfill' && isRemovedFrom(htlc, holder, which)
    if (standing) htlcs.push(htlc)
    if (standing || fulfilled) balance[htlc.offeredBy] -= htlc.amountMsat
    if (fulfilled) balance[otherParty(htlc.offeredBy)] += htlc.amountMsat
  }
  const feeratePerKw = feerateOf(durable, holder, which)
  return { feeratePerKw, toLocalMsat: msat(balance.local), toRemoteMsat: msat(balance.remote), htlcs }
}

/** Of a commitment of `holder`: the last change that it reflects. */
export function feerateOf(durable: ChannelDurable, holder: Party, which: WhichCommitment): FeeratePerKw {
  const sender: Party = durable.params.role === 'opener' ? 'local' : 'remote'
  let feerate = durable.feeratePerKw
  for (const update of durable.feeUpdates) {
    if (reflects(update.stage, { sender, holder, which })) feerate = update.feeratePerKw
  }
  return feerate
}

/** The description of a commitment transaction from its holder's side, which the commitment room builds. */
export function commitmentInput(
  durable: Pick<ChannelDurable, 'params'>,
  contents: CommitmentContents<StandingHtlc>,
  commitment: { readonly holder: Party; readonly number: number; readonly point: Uint8Array },
): CommitmentInput {
  const { params } = durable
  const { holder } = commitment
  const own = params[holder]
  const other = params[otherParty(holder)]
  return {
    format: params.format,
    fundingOutpoint: params.fundingOutpoint,
    fundingAmountSat: params.fundingAmountSat,
    commitmentNumber: commitment.number,
    obscuringFactor: channelObscuringFactor(params),
    keys: deriveCommitmentKeys({
      holder: own.basepoints,
      counterparty: other.basepoints,
      perCommitmentPoint: commitment.point,
    }),
    holderIsOpener: (holder === 'local') === (params.role === 'opener'),
    toSelfDelay: other.toSelfDelay,
    dustLimitSat: own.dustLimitSat,
    feeratePerKw: contents.feeratePerKw,
    toHolderMsat: holder === 'local' ? contents.toLocalMsat : contents.toRemoteMsat,
    toCounterpartyMsat: holder === 'local' ? contents.toRemoteMsat : contents.toLocalMsat,
    htlcs: contents.htlcs.map(htlc => commitmentHtlc(htlc, holder)),
  }
}

function commitmentHtlc(htlc: StandingHtlc, holder: Party): CommitmentHtlc {
  return {
    direction: htlc.offeredBy === holder ? 'offered' : 'received',
    id: htlc.id,
    amountMsat: htlc.amountMsat,
    paymentHash: htlc.paymentHash,
    cltvExpiry: htlc.cltvExpiry,
  }
}

export function channelObscuringFactor(params: ChannelParams): CommitmentInput['obscuringFactor'] {
  const known = factors.get(params)
  if (known !== undefined) return known
  const opener = params.role === 'opener' ? params.local : params.remote
  const accepter = params.role === 'opener' ? params.remote : params.local
  const factor = obscuringFactor(opener.basepoints.paymentBasepoint, accepter.basepoints.paymentBasepoint)
  factors.set(params, factor)
  return factor
}

// The same for the whole life of a channel.
const factors = new WeakMap<ChannelParams, CommitmentInput['obscuringFactor']>()

/** The peer's commitment transaction: its newest that we signed, or the one before while a revocation is awaited. */
export function remoteCommitmentTx(durable: ChannelDurable, which: 'latest' | 'previous'): CommitmentTx {
  const { number, point, nextPoint, awaitingRevocation } = durable.remoteCommit
  const contents = commitmentContents(durable, 'remote', which)
  if (which === 'previous' || awaitingRevocation === undefined) {
    return buildCommitmentTx(commitmentInput(durable, contents, { holder: 'remote', number, point }))
  }
  assert(nextPoint !== undefined, 'a signed next commitment has its point')
  return buildCommitmentTx(
    commitmentInput(durable, contents, { holder: 'remote', number: number + 1, point: nextPoint }),
  )
}
