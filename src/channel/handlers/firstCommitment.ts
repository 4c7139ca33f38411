import { channelIdFromOutPoint, type OutPoint, satToMsat, subtract } from '../../base/index.ts'
import type { TxOut } from '../../bitcoin/index.ts'
import { buildCommitmentTx, type CommitmentTx, fundingScript } from '../../commitment/index.ts'
import { commitmentPoint, emptySecretStore } from '../../keys/index.ts'
import { commitmentInput } from '../contents.ts'
import type {
  Balances,
  ChannelContext,
  ChannelDurable,
  ChannelParams,
  ChannelPhase,
  ChannelTerms,
  FundedChannel,
  Party,
  PartyTerms,
} from '../types.ts'

// From the agreed terms to commitment number 0 of either side, and to the channel that both have signed for (BOLT 2,
// funding_created and funding_signed).

/** The terms once both messages were exchanged. */
export interface AgreedTerms extends ChannelTerms {
  readonly remote: PartyTerms
  readonly remoteFirstPoint: Uint8Array
  readonly minimumDepth: number
}

/** The output that the funding transaction has to have (BOLT 3, funding transaction output). */
export function fundingOutput(terms: Pick<AgreedTerms, 'fundingAmountSat' | 'local' | 'remote'>): TxOut {
  return {
    amountSat: terms.fundingAmountSat,
    script: fundingScript(terms.local.basepoints.fundingPubkey, terms.remote.basepoints.fundingPubkey),
  }
}

/** The first commitment transaction of `holder`, unsigned. */
export function firstCommitment(terms: AgreedTerms, fundingOutpoint: OutPoint, holder: Party): CommitmentTx {
  const { localMsat, remoteMsat } = firstBalances(terms)
  return buildCommitmentTx(
    commitmentInput(
      { params: paramsOf(terms, fundingOutpoint) },
      { feeratePerKw: terms.feeratePerKw, toLocalMsat: localMsat, toRemoteMsat: remoteMsat, htlcs: [] },
      { holder, number: 0, point: holder === 'local' ? terms.localFirstPoint : terms.remoteFirstPoint },
    ),
  )
}

/** The channel that is kept from here on. `signature`: the peer's, for our first commitment, already verified. */
export function fundedChannel(
  terms: AgreedTerms,
  signed: {
    readonly fundingOutpoint: OutPoint
    readonly signature: Uint8Array
    readonly phase: Extract<ChannelPhase, { type: 'wait_for_funding_confirmed' }>
  },
): FundedChannel {
  const durable = firstDurable({
    params: paramsOf(terms, signed.fundingOutpoint),
    phase: signed.phase,
    feeratePerKw: terms.feeratePerKw,
    signature: signed.signature,
    remotePoint: terms.remoteFirstPoint,
  })
  return { state: signed.phase.type, durable, session: { connection: 'connected', negotiated: terms.negotiated } }
}

/** A channel with its first commitments, before anything has moved. */
export function firstDurable({
  params,
  phase,
  feeratePerKw,
  signature,
  remotePoint,
}: Pick<ChannelDurable, 'params' | 'phase' | 'feeratePerKw'> & {
  /** The peer's, 64 bytes, for our first commitment. */
  readonly signature: Uint8Array
  readonly remotePoint: Uint8Array
}): ChannelDurable {
  return {
    params,
    phase,
    ready: { local: false, remote: false },
    shutdown: {},
    settled: firstBalances(params),
    feeratePerKw,
    feeUpdates: [],
    htlcs: [],
    nextHtlcId: { local: 0, remote: 0 },
    localCommit: { number: 0, signature, htlcSignatures: [] },
    remoteCommit: { number: 0, point: remotePoint },
    remoteSecrets: emptySecretStore,
    proposed: [],
    lastSent: 'neither',
    mutualCloses: [],
  }
}

/** Our per-commitment point for commitment 0, which open_channel and accept_channel announce. */
export function firstPoint(context: Pick<ChannelContext, 'secrets'>): Uint8Array {
  return commitmentPoint(context.secrets, 0)
}

function firstBalances({
  role,
  fundingAmountSat,
  pushMsat,
}: Pick<ChannelParams, 'role' | 'fundingAmountSat' | 'pushMsat'>): Balances {
  const opener = subtract(satToMsat(fundingAmountSat), pushMsat)
  return role === 'opener' ? { localMsat: opener, remoteMsat: pushMsat } : { localMsat: pushMsat, remoteMsat: opener }
}

function paramsOf(terms: AgreedTerms, fundingOutpoint: OutPoint): ChannelParams {
  return {
    channelId: channelIdFromOutPoint(fundingOutpoint),
    temporaryChannelId: terms.temporaryChannelId,
    role: terms.role,
    channelKeyIndex: terms.channelKeyIndex,
    format: terms.format,
    channelType: terms.channelType,
    announce: terms.announce,
    fundingOutpoint,
    fundingAmountSat: terms.fundingAmountSat,
    pushMsat: terms.pushMsat,
    minimumDepth: terms.minimumDepth,
    local: terms.local,
    remote: terms.remote,
  }
}
