import { defined, msatToSat, type Sat, sat, subtract } from '../base/index.ts'
import { classifyScript, dustLimitSat, type Tx, type TxOut, txid } from '../bitcoin/index.ts'
import {
  type ClosingParty,
  type ClosingTx,
  type FundingOutput,
  signClosing,
  signedClosingTx,
  verifyClosingSignature,
} from '../commitment/index.ts'
import type { ChannelContext, ChannelDurable, ChannelEffect, ClosingSession, FundedChannel } from './types.ts'

// What both closing protocols of BOLT 2 share: the balances at the end, the signatures, and where agreed transactions go.

/** A step of the close that cannot fail. */
export interface ClosingStep {
  readonly next: FundedChannel
  readonly effects: readonly ChannelEffect[]
}

/** Nothing is in flight: both commitments hold the two balances and nothing else, and no revocation is owed (BOLT 2). */
export function isSettled(durable: ChannelDurable): boolean {
  return (
    durable.htlcs.length === 0 &&
    durable.feeUpdates.length === 0 &&
    durable.proposed.length === 0 &&
    durable.remoteCommit.awaitingRevocation === undefined
  )
}

/** Our key first: so stand the signatures of `completeClosing`. */
export function closingFunding({ params }: Pick<ChannelDurable, 'params'>): FundingOutput {
  return {
    outpoint: params.fundingOutpoint,
    amountSat: params.fundingAmountSat,
    pubkeys: [params.local.basepoints.fundingPubkey, params.remote.basepoints.fundingPubkey],
  }
}

/** What each side gets, and where. Both `shutdown`s are there. */
export function closingParties({ settled, shutdown }: ChannelDurable): {
  readonly local: ClosingParty
  readonly remote: ClosingParty
} {
  return {
    local: { amountMsat: settled.localMsat, script: defined(shutdown.local, 'our shutdown is sent') },
    remote: { amountMsat: settled.remoteMsat, script: defined(shutdown.remote, 'the shutdown of the peer has come') },
  }
}

/** What an output of this script would hold: nothing with OP_RETURN (BOLT 3, closing transaction). */
export function outputSat({ amountMsat, script }: ClosingParty): Sat {
  return classifyScript(script) === 'op_return' ? sat(0) : msatToSat(amountMsat)
}

/** Below what its script needs to be relayed (BOLT 3, dust limits). */
export function isDustOutput({ amountSat, script }: TxOut): boolean {
  return amountSat < dustLimitSat(script)
}

export function isSignedByPeer(durable: ChannelDurable, closing: ClosingTx, signature: Uint8Array): boolean {
  return verifyClosingSignature(closing, signature, durable.params.remote.basepoints.fundingPubkey)
}

/** Both signatures are there: keeps the transaction and publishes it. Returns our signature beside. */
export function completeClosing(
  channel: FundedChannel,
  closing: ClosingTx,
  theirs: Uint8Array,
  context: ChannelContext,
): ClosingStep & { readonly ours: Uint8Array } {
  const ours = signClosing(closing, context.secrets.fundingSecret)
  const tx = signedClosingTx(closing, [ours, theirs])
  const { durable } = channel
  const mutualCloses = withMutualClose(durable, tx, context.limits.maxMutualCloses)
  const next = mutualCloses === durable.mutualCloses ? channel : { ...channel, durable: { ...durable, mutualCloses } }
  return { ours, next, effects: [{ type: 'publish', role: 'mutual-close', tx }] }
}

/** The fee that a transaction which spends only the funding output pays. */
export function mutualCloseFeeSat({ params }: Pick<ChannelDurable, 'params'>, tx: Tx): Sat {
  return tx.outputs.reduce((rest, output) => subtract(rest, output.amountSat), params.fundingAmountSat)
}

/** The close that pays most, for a world that may have forgotten it; nothing where there is none. */
export function republishMutualClose(durable: ChannelDurable): readonly ChannelEffect[] {
  const { mutualCloses } = durable
  if (mutualCloses.length === 0) return []
  const feeOf = (tx: Tx) => mutualCloseFeeSat(durable, tx)
  const tx = mutualCloses.reduce((best, other) => (feeOf(other) > feeOf(best) ? other : best))
  return [{ type: 'publish', role: 'mutual-close', tx }]
}

/** Bounded, since each `closing_complete` of the peer brings one: of too many the one that pays the least fee goes. */
function withMutualClose(durable: ChannelDurable, tx: Tx, limit: number): readonly Tx[] {
  const { mutualCloses } = durable
  const id = txid(tx)
  if (mutualCloses.some(other => txid(other) === id)) return mutualCloses
  if (mutualCloses.length < limit) return [...mutualCloses, tx]
  const cheapest = mutualCloses.reduce((a, b) =>
    mutualCloseFeeSat(durable, b) < mutualCloseFeeSat(durable, a) ? b : a,
  )
  return mutualCloses.map(other => (other === cheapest ? tx : other))
}

export function withClosingSession(channel: FundedChannel, closing: ClosingSession): FundedChannel {
  return { ...channel, session: { ...channel.session, closing } }
}
