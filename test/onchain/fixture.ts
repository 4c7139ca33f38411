import {
  type ChannelId,
  feeratePerKw,
  msat,
  type PaymentHash,
  paymentHash,
  type Sat,
  sat,
} from '../../src/base/index.ts'
import { p2wpkhScript, type Tx } from '../../src/bitcoin/index.ts'
import {
  buildCommitmentTx,
  buildHtlcTx,
  type CommitmentFormat,
  type CommitmentInput,
  type CommitmentTx,
  deriveCommitmentKeys,
  fundingScript,
  obscuringFactor,
  signCommitment,
  signedCommitmentTx,
  signHtlcTx,
} from '../../src/commitment/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import {
  type ChannelBasepoints,
  type ChannelSecrets,
  channelBasepoints,
  commitmentPoint,
  commitmentSecret,
  deriveChannelSecrets,
  deriveSecretKey,
  emptySecretStore,
  insertSecret,
  type SecretStore,
  secretIndex,
} from '../../src/keys/index.ts'
import type { ChannelHtlc, ChannelView, Party, RemoteCommitView } from '../../src/onchain/index.ts'
import { createRegtestChain, type RegtestChain } from '../../src/regtest/index.ts'

// A tiny model of a channel between Alice, who opened it, and Bob: states in a row, each with both commitments, on a real chain.

export const FORMATS: readonly CommitmentFormat[] = ['static_remotekey', 'anchors_zero_fee_htlc']
export const CAPACITY: Sat = sat(1_000_000)
export const DUST_LIMIT = sat(354)

export type Name = 'alice' | 'bob'
export const other = (name: Name): Name => (name === 'alice' ? 'bob' : 'alice')

/** An HTLC of the model; it stands on the states `from` up to and without `until`. */
export interface ModelHtlc {
  readonly offeredBy: Name
  readonly id: number
  readonly amountSat: number
  readonly cltvExpiry: number
  readonly from: number
  readonly until: number
  /** Fixes the preimage, so that two HTLCs may share one. */
  readonly preimageSeed: number
}

export interface Model {
  readonly chain: RegtestChain
  readonly format: CommitmentFormat
  readonly input: Pick<CommitmentInput, 'fundingOutpoint' | 'fundingAmountSat' | 'obscuringFactor'>
  readonly htlcs: readonly ModelHtlc[]
  readonly delays: Readonly<Record<Name, number>>
  readonly feerate: number
  /** What Alice has in each state, HTLCs that she offered counted as hers. */
  readonly aliceMsat: (state: number) => bigint
  readonly fundingTx: Tx
}

export const secrets: Readonly<Record<Name, ChannelSecrets>> = {
  alice: deriveChannelSecrets(new Uint8Array(32).fill(1), 0),
  bob: deriveChannelSecrets(new Uint8Array(32).fill(2), 0),
}
export const basepoints: Readonly<Record<Name, ChannelBasepoints>> = {
  alice: channelBasepoints(secrets.alice),
  bob: channelBasepoints(secrets.bob),
}
const walletSecrets: Readonly<Record<Name, Uint8Array>> = {
  alice: new Uint8Array(32).fill(0x11),
  bob: new Uint8Array(32).fill(0x22),
}

export const preimageOf = (seed: number): Uint8Array => sha256(Uint8Array.of(seed, 77))
export const hashOf = (seed: number): PaymentHash => paymentHash(sha256(preimageOf(seed)))

/** Where each side's money goes. */
export const destination = (name: Name): Uint8Array => p2wpkhScript(publicKeyFromSecret(sha256(walletSecrets[name])))
/** The key of each side's fee coins. */
export const coinSecret = (name: Name): Uint8Array => walletSecrets[name]
export const coinScript = (name: Name): Uint8Array => p2wpkhScript(publicKeyFromSecret(walletSecrets[name]))

const GENESIS_BLOCKS = 110

/** A chain with a confirmed channel. `htlcs` may use `height`, which is that of the chain then. */
export function makeModel(options: {
  readonly format: CommitmentFormat
  readonly htlcs?: (height: number) => readonly ModelHtlc[]
  readonly delays?: Readonly<Record<Name, number>>
  readonly aliceMsat?: (state: number) => bigint
  readonly feerate?: number
  /** One that has coins already, in place of a new one. */
  readonly chain?: RegtestChain
}): Model {
  const chain = options.chain ?? createRegtestChain()
  if (options.chain === undefined) chain.mine(GENESIS_BLOCKS)
  const script = fundingScript(basepoints.alice.fundingPubkey, basepoints.bob.fundingPubkey)
  const funded = chain.fund(script, CAPACITY)
  if (!funded.ok) throw new Error(funded.error.reason)
  return {
    chain,
    format: options.format,
    input: {
      fundingOutpoint: funded.value.outpoint,
      fundingAmountSat: CAPACITY,
      obscuringFactor: obscuringFactor(basepoints.alice.paymentBasepoint, basepoints.bob.paymentBasepoint),
    },
    htlcs: options.htlcs?.(chain.height) ?? [],
    delays: options.delays ?? { alice: 6, bob: 8 },
    feerate: options.feerate ?? 1000,
    aliceMsat: options.aliceMsat ?? (state => 600_000_000n - 10_000_000n * BigInt(state)),
    fundingTx: funded.value.tx,
  }
}

export const standing = (model: Model, state: number): readonly ModelHtlc[] =>
  model.htlcs.filter(({ from, until }) => from <= state && state < until)

const sumOffered = (htlcs: readonly ModelHtlc[], by: Name): bigint =>
  htlcs.reduce((sum, htlc) => (htlc.offeredBy === by ? sum + 1000n * BigInt(htlc.amountSat) : sum), 0n)

/** The description of a commitment. `delays[x]` is how long `x` has to wait for its own money. */
export function inputOf(model: Model, holder: Name, state: number): CommitmentInput {
  const htlcs = standing(model, state)
  const owned = { alice: model.aliceMsat(state), bob: CAPACITY * 1000n - model.aliceMsat(state) }
  const left = (name: Name) => msat(owned[name] - sumOffered(htlcs, name))
  return {
    ...model.input,
    format: model.format,
    commitmentNumber: state,
    keys: deriveCommitmentKeys({
      holder: basepoints[holder],
      counterparty: basepoints[other(holder)],
      perCommitmentPoint: commitmentPoint(secrets[holder], state),
    }),
    holderIsOpener: holder === 'alice',
    toSelfDelay: model.delays[holder],
    dustLimitSat: DUST_LIMIT,
    feeratePerKw: feeratePerKw(model.feerate),
    toHolderMsat: left(holder),
    toCounterpartyMsat: left(other(holder)),
    htlcs: htlcs.map(htlc => ({
      direction: htlc.offeredBy === holder ? 'offered' : 'received',
      id: htlc.id,
      amountMsat: msat(1000n * BigInt(htlc.amountSat)),
      paymentHash: hashOf(htlc.preimageSeed),
      cltvExpiry: htlc.cltvExpiry,
    })),
  }
}

export const builtOf = (model: Model, holder: Name, state: number): CommitmentTx =>
  buildCommitmentTx(inputOf(model, holder, state))

/** Signed by both. */
export function signedOf(model: Model, holder: Name, state: number): Tx {
  const built = builtOf(model, holder, state)
  return signedCommitmentTx(built, {
    holder: signCommitment(built, secrets[holder].fundingSecret),
    counterparty: signCommitment(built, secrets[other(holder)].fundingSecret),
  })
}

const secretsUpTo = (name: Name, states: number): SecretStore => {
  let store = emptySecretStore
  for (let state = 0; state < states; state++) {
    const inserted = insertSecret(store, secretIndex(state), commitmentSecret(secrets[name], state))
    if (!inserted.ok) throw new Error(inserted.error.message)
    store = inserted.value
  }
  return store
}

/** The channel as `name` knows it in `state`; with `next`, it has signed the peer's next commitment too. */
export function viewOf(
  model: Model,
  name: Name,
  state: number,
  options: {
    readonly next?: boolean
    readonly publish?: ChannelView['publish']
    readonly knows?: readonly number[]
    /** Of its own HTLCs: those that the peer fulfilled off the chain. */
    readonly fulfilled?: readonly number[]
    readonly mutualCloses?: readonly Tx[]
  } = {},
): ChannelView {
  const peer = other(name)
  const built = builtOf(model, name, state)
  const point = commitmentPoint(secrets[name], state)
  const peerHtlcSecret = deriveSecretKey(secrets[peer].htlcBasepointSecret, point)
  const remoteView = (at: number): RemoteCommitView => ({
    input: inputOf(model, peer, at),
    point: commitmentPoint(secrets[peer], at),
  })
  const party = (who: Name) => ({
    basepoints: basepoints[who],
    dustLimitSat: DUST_LIMIT,
    toSelfDelay: model.delays[other(who)],
  })
  return {
    channelId: '00'.repeat(32) as ChannelId,
    format: model.format,
    isOpener: name === 'alice',
    fundingOutpoint: model.input.fundingOutpoint,
    fundingAmountSat: CAPACITY,
    obscuringFactor: model.input.obscuringFactor,
    local: party(name),
    remote: party(peer),
    localCommit: {
      input: built.input,
      point,
      remoteSignature: signCommitment(built, secrets[peer].fundingSecret),
      htlcSignatures: built.htlcs.map(output => signHtlcTx(buildHtlcTx(built, output), 'counterparty', peerHtlcSecret)),
    },
    remoteCommit: remoteView(state),
    ...(options.next && { remoteNext: remoteView(state + 1) }),
    remoteSecrets: secretsUpTo(peer, state),
    mutualCloses: options.mutualCloses ?? [],
    closingScripts: { local: [destination(name)], remote: [destination(peer)] },
    preimages: new Map((options.knows ?? []).map(seed => [hashOf(seed), preimageOf(seed)])),
    fulfilled: (options.fulfilled ?? []).map(id => ({ offeredBy: 'local', id })),
    publish: options.publish ?? 'nothing',
    isOldCopy: false,
    shachainSeed: secrets[name].shachainSeed,
  }
}

/** What the archive of `name` tells of a state. */
export function archiveOf(model: Model, name: Name, state: number): readonly ChannelHtlc[] {
  return standing(model, state).map(htlc => channelHtlc(htlc, name))
}

export function channelHtlc(htlc: ModelHtlc, name: Name): ChannelHtlc {
  const offeredBy: Party = htlc.offeredBy === name ? 'local' : 'remote'
  const { id, cltvExpiry } = htlc
  const amountMsat = msat(1000n * BigInt(htlc.amountSat))
  return { offeredBy, id, amountMsat, paymentHash: hashOf(htlc.preimageSeed), cltvExpiry }
}
