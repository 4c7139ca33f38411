import type { PaymentHash } from '../base/index.ts'
import {
  type ChannelDurable,
  channelObscuringFactor,
  commitmentContents,
  commitmentInput,
  type FundedChannel,
  type Htlc,
  type Party,
} from '../channel/index.ts'
import { type ChannelSecrets, commitmentPoint } from '../keys/index.ts'
import type { ChannelView, LocalCommitView, PartyView, RemoteCommitView } from '../onchain/index.ts'
import type { EarlierScripts } from './types.ts'

// What the onchain room is told of a channel. The two rooms are strangers; this is where they meet.

/** Cost: three commitments described, each a pass over the live HTLCs; so it is made only when the chain has a say. */
export function channelView(
  { durable }: FundedChannel,
  secrets: ChannelSecrets,
  earlier?: EarlierScripts,
): ChannelView {
  const { params } = durable
  const { number, point, nextPoint, awaitingRevocation } = durable.remoteCommit
  return {
    channelId: params.channelId,
    format: params.format,
    isOpener: params.role === 'opener',
    fundingOutpoint: params.fundingOutpoint,
    fundingAmountSat: params.fundingAmountSat,
    obscuringFactor: channelObscuringFactor(params),
    local: partyView(params.local),
    remote: partyView(params.remote),
    localCommit: localCommit(durable, secrets),
    remoteCommit: remoteCommit(durable, awaitingRevocation === undefined ? 'latest' : 'previous', number, point),
    ...(awaitingRevocation !== undefined &&
      nextPoint !== undefined && { remoteNext: remoteCommit(durable, 'latest', number + 1, nextPoint) }),
    remoteSecrets: durable.remoteSecrets,
    mutualCloses: durable.mutualCloses,
    closingScripts: closingScripts(durable, earlier),
    preimages: knownPreimages(durable),
    fulfilled: durable.htlcs.filter(isFulfilledByPeer).map(({ offeredBy, id }) => ({ offeredBy, id })),
    publish: toPublish(durable),
    isOldCopy: hasLostData(durable),
    ...((durable.unconfirmed !== undefined || !durable.ready.local) && { isUnfunded: true }),
    shachainSeed: secrets.shachainSeed,
  }
}

function hasLostData({ phase }: ChannelDurable): boolean {
  return (phase.type === 'closing' || phase.type === 'closed') && phase.cause.kind === 'data_loss'
}

function partyView({ basepoints, dustLimitSat, toSelfDelay }: PartyView): PartyView {
  return { basepoints, dustLimitSat, toSelfDelay }
}

function localCommit(durable: ChannelDurable, secrets: ChannelSecrets): LocalCommitView {
  const { number, signature, htlcSignatures } = durable.localCommit
  const point = commitmentPoint(secrets, number)
  const contents = commitmentContents(durable, 'local', 'latest')
  return {
    input: commitmentInput(durable, contents, { holder: 'local', number, point }),
    point,
    remoteSignature: signature,
    htlcSignatures,
  }
}

function remoteCommit(
  durable: ChannelDurable,
  which: 'latest' | 'previous',
  number: number,
  point: Uint8Array,
): RemoteCommitView {
  const contents = commitmentContents(durable, 'remote', which)
  return { input: commitmentInput(durable, contents, { holder: 'remote', number, point }), point }
}

function closingScripts(
  { shutdown, params }: ChannelDurable,
  earlier: EarlierScripts | undefined,
): ChannelView['closingScripts'] {
  const named = (party: Party) =>
    [...(earlier?.[party] ?? []), shutdown[party], params[party].upfrontShutdownScript].filter(
      script => script !== undefined,
    )
  return { local: named('local'), remote: named('remote') }
}

/** `htlc_fulfilled` was told when the preimage came: that HTLC must not be failed upstream, whatever becomes of it on the chain. */
function isFulfilledByPeer({ offeredBy, resolution }: Htlc): boolean {
  return offeredBy === 'local' && resolution?.type === 'fulfill'
}

/** What we decided to take, and what the peer revealed when it took. A preimage of which no HTLC was accepted stays with its invoice. */
function knownPreimages({ htlcs }: ChannelDurable): ReadonlyMap<PaymentHash, Uint8Array> {
  const preimages = new Map<PaymentHash, Uint8Array>()
  for (const { paymentHash, resolution } of htlcs) {
    if (resolution?.type === 'fulfill') preimages.set(paymentHash, resolution.paymentPreimage)
  }
  return preimages
}

/**
 * A close that both have signed goes before our commitment, unless our own caller asked for the latter. Also once it is closed: if
 * a reorganisation deeper than we thought possible undoes its end, it ends once more.
 */
function toPublish({ phase, mutualCloses }: ChannelDurable): ChannelView['publish'] {
  const agreed = mutualCloses.length > 0
  const isEnding = phase.type === 'closing' || phase.type === 'closed'
  if (!isEnding) return phase.type === 'negotiating' && agreed ? 'mutual_close' : 'nothing'
  if (agreed && phase.cause.kind !== 'local_force') return 'mutual_close'
  if (phase.type === 'closing' && phase.heldUntil !== undefined) return 'nothing'
  return phase.cause.mayPublishCommitment ? 'commitment' : 'nothing'
}
