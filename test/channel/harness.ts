import { expect } from 'vitest'
import {
  type BlockHash,
  type ChannelId,
  defined,
  type FeeratePerKw,
  feeratePerKw,
  type Msat,
  msat,
  type Sat,
  sat,
  type Txid,
  toHex,
} from '../../src/base/index.ts'
import { p2wpkhScript, type Tx, type TxOut } from '../../src/bitcoin/index.ts'
import { loadDurable } from '../../src/channel/codec/records.ts'
import { acceptChannel } from '../../src/channel/handlers/acceptChannel.ts'
import { type OpenChannelRequest, openChannel } from '../../src/channel/handlers/openChannel.ts'
import { type ChannelLimits, DEFAULT_LIMITS } from '../../src/channel/limits.ts'
import { step } from '../../src/channel/step.ts'
import type {
  Channel,
  ChannelContext,
  ChannelDurable,
  ChannelEffect,
  ChannelInput,
  ChannelStep,
  FundedChannel,
  NegotiatedFeatures,
  PeerMessage,
} from '../../src/channel/types.ts'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import { deriveChannelSecrets } from '../../src/keys/index.ts'
import { decodeMessage, encodeMessage, type OpenChannel } from '../../src/wire/index.ts'

// Two machines that know each other only through bytes: what one sends is encoded, queued, decoded and stepped by the other.
// Every step also runs through the stored form. Alice opens, Bob accepts.

export type Name = 'alice' | 'bob'

export interface Side {
  channel: Channel
  context: ChannelContext
  /** Messages on their way to the other side, oldest first. */
  outbox: Uint8Array[]
  /** All effects so far, oldest first. */
  effects: ChannelEffect[]
  /** What the store holds. */
  records: Map<string, Uint8Array>
}

export interface Duo {
  readonly alice: Side
  readonly bob: Side
}

export interface OpeningOptions {
  readonly fundingAmountSat?: Sat
  readonly pushMsat?: Msat
  readonly announce?: boolean
  readonly format?: CommitmentFormat
  readonly feeratePerKw?: FeeratePerKw
  readonly toSelfDelay?: number
  readonly negotiated?: NegotiatedFeatures
  readonly variations?: { readonly scidAlias?: boolean; readonly zeroConf?: boolean }
  /** Bob's user trusts Alice. */
  readonly trustZeroConf?: boolean
  readonly limits?: { readonly [N in Name]?: Partial<ChannelLimits> }
  readonly upfront?: { readonly [N in Name]?: Uint8Array }
}

export const CHAIN_HASH = '0f'.repeat(32) as BlockHash
export const TEMPORARY_ID = '7e'.repeat(32) as ChannelId
export const CAPACITY = sat(1_000_000)
export const START_HEIGHT = 100

export const ALL_FEATURES: NegotiatedFeatures = {
  upfrontShutdownScript: true,
  shutdownAnySegwit: true,
  simpleClose: true,
  largeChannels: true,
  scidAlias: true,
  zeroConf: true,
  attributionData: true,
}
export { NO_FEATURES } from '../../src/channel/index.ts'

const SEED: Readonly<Record<Name, number>> = { alice: 1, bob: 2 }

/** The script of a wallet that is nobody's. */
export function walletScript(seed: number): Uint8Array {
  return p2wpkhScript(publicKeyFromSecret(new Uint8Array(32).fill(seed)))
}

export function contextOf(name: Name, limits: Partial<ChannelLimits> = {}): ChannelContext {
  return {
    chainHash: CHAIN_HASH,
    height: START_HEIGHT,
    secrets: deriveChannelSecrets(new Uint8Array(32).fill(SEED[name]), 0),
    shutdownScript: walletScript(16 + SEED[name]),
    feerates: { commitment: feeratePerKw(2_500), mutualClose: feeratePerKw(5_000) },
    limits: { ...DEFAULT_LIMITS, ...limits },
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Moving

export function otherName(name: Name): Name {
  return name === 'alice' ? 'bob' : 'alice'
}

/** One input for one side. Its messages are queued, its writes stored, and the stored form is compared. */
export function input(duo: Duo, name: Name, what: ChannelInput): ChannelStep {
  const side = duo[name]
  return took(side, step(side.channel, what, side.context))
}

/** The next message on its way to `to`; none is a mistake of the test. */
export function deliverNext(duo: Duo, to: Name): ChannelStep {
  return input(duo, to, { type: 'message', message: received(nextBytes(duo, to)) })
}

/** Messages go back and forth until both sides are silent. */
export function deliver(duo: Duo): void {
  for (;;) {
    if (duo.alice.outbox.length > 0) deliverNext(duo, 'bob')
    else if (duo.bob.outbox.length > 0) deliverNext(duo, 'alice')
    else return
  }
}

/** The connection ends: what was on its way is lost. */
export function disconnect(duo: Duo): void {
  for (const name of ['alice', 'bob'] as const) {
    duo[name].outbox = []
    input(duo, name, { type: 'disconnected' })
  }
}

export function connect(duo: Duo, negotiated: NegotiatedFeatures = ALL_FEATURES): void {
  for (const name of ['alice', 'bob'] as const) input(duo, name, { type: 'connected', negotiated })
}

/** What the other side would read. */
export function received(bytes: Uint8Array): PeerMessage {
  const decoded = decodeMessage(bytes)
  expect(decoded.ok, decoded.ok ? '' : decoded.error.message).toBe(true)
  // The machine sends channel messages, errors and warnings only, which the type of its `send` says.
  return (decoded.ok && decoded.value) as PeerMessage
}

export function rewired<M extends PeerMessage>(message: M): M {
  // A message keeps its type over the wire.
  return received(encodeMessage(message)) as M
}

function nextBytes(duo: Duo, to: Name): Uint8Array {
  return defined(duo[otherName(to)].outbox.shift(), `a message for ${to} was expected`)
}

function took(side: Side, result: ChannelStep): ChannelStep {
  side.channel = result.next
  side.effects.push(...result.effects)
  for (const effect of result.effects) if (effect.type === 'send') side.outbox.push(encodeMessage(effect.message))
  for (const write of result.writes) {
    if (write.type === 'put') side.records.set(write.key, write.value)
    else side.records.delete(write.key)
  }
  afterStep(side)
  return result
}

/** The one place where every step of every test is looked at: what is stored is what the machine holds. */
function afterStep({ channel, records }: Side): void {
  if (!('durable' in channel)) {
    expect(records.size).toBe(0)
    return
  }
  const loaded = loadDurable(records)
  expect(loaded.ok, loaded.ok ? '' : loaded.error.message).toBe(true)
  if (loaded.ok) expect(sorted(loaded.value)).toEqual(sorted(channel.durable))
}

/** Records have no order among HTLCs of the two sides. Onions are compared as text, since each byte of theirs would be a step. */
function sorted(durable: ChannelDurable): unknown {
  const htlcs = [...durable.htlcs].sort((a, b) => a.offeredBy.localeCompare(b.offeredBy) || a.id - b.id)
  return { ...durable, htlcs: htlcs.map(htlc => ({ ...htlc, onionRoutingPacket: toHex(htlc.onionRoutingPacket) })) }
}

// ---------------------------------------------------------------------------------------------------------------------
// Opening, stage by stage

/** What Alice's caller asks for. */
export function requestOf(options: OpeningOptions = {}): OpenChannelRequest {
  return {
    temporaryChannelId: TEMPORARY_ID,
    channelKeyIndex: 0,
    fundingAmountSat: options.fundingAmountSat ?? CAPACITY,
    pushMsat: options.pushMsat ?? msat(100_000_000n),
    announce: options.announce ?? false,
    negotiated: options.negotiated ?? ALL_FEATURES,
    ...(options.format && { format: options.format }),
    ...options.variations,
    ...(options.feeratePerKw && { feeratePerKw: options.feeratePerKw }),
    ...(options.toSelfDelay !== undefined && { toSelfDelay: options.toSelfDelay }),
    ...(options.upfront?.alice && { upfrontShutdownScript: options.upfront.alice }),
  }
}

/** Alice's `open_channel`, as Bob reads it, and Alice after sending it. */
export function proposed(options: OpeningOptions = {}): { readonly alice: Side; readonly message: OpenChannel } {
  const context = contextOf('alice', options.limits?.alice)
  const alice = newSide(context, openChannel(requestOf(options), context))
  // Alice's first and only message.
  const message = received(defined(alice.outbox.shift(), 'open_channel was sent')) as OpenChannel
  return { alice, message }
}

/** Alice waits for `accept_channel`, which Bob has sent. */
export function answered(options: OpeningOptions = {}): Duo {
  const { alice, message } = proposed(options)
  const context = contextOf('bob', options.limits?.bob)
  const answer = acceptChannel(
    {
      message,
      channelKeyIndex: 0,
      negotiated: options.negotiated ?? ALL_FEATURES,
      trustZeroConf: options.trustZeroConf ?? false,
      ...(options.upfront?.bob && { upfrontShutdownScript: options.upfront.bob }),
    },
    context,
  )
  return { alice, bob: newSide(context, answer) }
}

/** The terms are agreed; Alice's wallet is asked for the funding transaction. */
export function agreed(options: OpeningOptions = {}): Duo {
  const duo = answered(options)
  deliver(duo)
  return duo
}

/** Alice waits for `funding_signed`; `funding_created` is on its way to Bob. */
export function created(options: OpeningOptions = {}): Duo {
  const duo = agreed(options)
  input(duo, 'alice', { type: 'funding_transaction', tx: walletTx(fundChannelEffect(duo).output) })
  return duo
}

/** Both have signed and wait for the funding to confirm. */
export function signed(options: OpeningOptions = {}): Duo {
  const duo = created(options)
  deliver(duo)
  return duo
}

/** Both sides see the funding this deep, as it should be. */
export function confirm(duo: Duo, depth = DEFAULT_LIMITS.minimumDepth): void {
  for (const name of ['alice', 'bob'] as const) input(duo, name, depthInput(duo[name], depth))
}

/** In state normal on both sides, nothing on its way. */
export function opened(options: OpeningOptions = {}): Duo {
  const duo = signed(options)
  confirm(duo)
  deliver(duo)
  return duo
}

export function depthInput(side: Side, depth: number): Extract<ChannelInput, { type: 'funding_depth' }> {
  const watch = effectsOf(side, 'watch_funding').at(-1)
  return { type: 'funding_depth', depth, output: depth === 0 ? undefined : watch?.output, coinbase: false }
}

/** A wallet's transaction: a segwit input that is signed, change first, then the output that was asked for. */
export function walletTx(output: TxOut, changes: Partial<Tx> = {}): Tx {
  return {
    version: 2,
    inputs: [
      {
        outpoint: { txid: 'c0'.repeat(32) as Txid, vout: 3 },
        scriptSig: new Uint8Array(0),
        sequence: 0xfffffffd,
        witness: [new Uint8Array(71).fill(7), new Uint8Array(33).fill(2)],
      },
    ],
    outputs: [{ amountSat: sat(123_456), script: walletScript(9) }, output],
    locktime: 0,
    ...changes,
  }
}

function newSide(context: ChannelContext, result: ChannelStep): Side {
  const side: Side = { channel: result.next, context, outbox: [], effects: [], records: new Map() }
  took(side, result)
  return side
}

// ---------------------------------------------------------------------------------------------------------------------
// Looking

export function effectsOf<T extends ChannelEffect['type']>(
  side: { readonly effects: readonly ChannelEffect[] },
  type: T,
): readonly Extract<ChannelEffect, { type: T }>[] {
  return side.effects.filter((effect): effect is Extract<ChannelEffect, { type: T }> => effect.type === type)
}

export function sentBy(side: { readonly effects: readonly ChannelEffect[] }): readonly PeerMessage[] {
  return effectsOf(side, 'send').map(effect => effect.message)
}

export function fundChannelEffect(duo: Duo): Extract<ChannelEffect, { type: 'fund_channel' }> {
  return defined(effectsOf(duo.alice, 'fund_channel')[0], 'the wallet was asked')
}

/** The channel of a side that has signed. */
export function fundedOf(side: Side): FundedChannel {
  const { channel } = side
  expect('durable' in channel, `a funded channel, got ${channel.state}`).toBe(true)
  // Just looked.
  return channel as FundedChannel
}

export function durableOf(side: Side): ChannelDurable {
  return fundedOf(side).durable
}

/** The message as text, for what an `error` or `warning` says. */
export function textOf(data: Uint8Array): string {
  return String.fromCharCode(...data)
}
