import { expect } from 'vitest'
import { type ChannelId, defined, feeratePerKw, msat, sat, toHex, utf8Encode } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { type ChannelFailure, describeFailure } from '../../src/channel/failure.ts'
import { localCommitmentTx } from '../../src/channel/handlers/commitmentSigned.ts'
import { step } from '../../src/channel/step.ts'
import type { ChannelEffect, ChannelInput, ChannelStep, PeerMessage } from '../../src/channel/types.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import { CHAIN_HASH, type Duo, durableOf, fundedOf, type Name, otherName, received, rewired } from './harness.ts'
import { hashOf, preimageOf } from './payments.ts'

// What the tests that try to break the machine share: one bad input, and everything that may follow from it.

export const NAMES = ['alice', 'bob'] as const

/** The next message on its way to `to`, which stays on its way. */
export function onItsWay<T extends PeerMessage['type']>(
  duo: Duo,
  to: Name,
  type: T,
): Extract<PeerMessage, { type: T }> {
  const message = received(defined(duo[otherName(to)].outbox[0], `a message for ${to} is on its way`))
  expect(message.type).toBe(type)
  // Just looked.
  return message as Extract<PeerMessage, { type: T }>
}

/** The types of all messages on their way to `to`, oldest first. */
export function typesOnTheirWay(duo: Duo, to: Name): readonly string[] {
  return duo[otherName(to)].outbox.map(bytes => received(bytes).type)
}

/** One step that is looked at and not taken: the side stays as it is. */
export function tried(duo: Duo, name: Name, what: ChannelInput): ChannelStep {
  return step(duo[name].channel, what, duo[name].context)
}

/** A message that the other side never meant to send, as the bytes would carry it. */
export function said(message: PeerMessage): ChannelInput {
  return { type: 'message', message: rewired(message) }
}

/** The input is refused with exactly this failure, and nothing follows but what its severity says. */
export function expectRefused(duo: Duo, name: Name, what: ChannelInput, failure: ChannelFailure): void {
  const result = tried(duo, name, what)
  expect(result.failure).toEqual(failure)
  expectConsequences(duo, name, result)
}

/** What has to follow from a failure by its severity (BOLT 1, error and warning; BOLT 5, failing a channel). */
export function expectConsequences(duo: Duo, name: Name, result: ChannelStep): void {
  const failure = defined(result.failure, 'a failure was expected')
  const before = fundedOf(duo[name])
  const text = describeFailure(failure)
  const { channelId } = before.durable.params
  if (failure.severity !== 'fail_channel') {
    expect(result.next).toBe(before)
    expect(result.writes).toEqual([])
    expect(result.effects).toEqual(toldAtOnce(failure.severity, channelId, text))
    return
  }
  const phase = {
    type: 'closing',
    cause: { kind: 'protocol_failure', reason: text, mayPublishCommitment: true },
  } as const
  expect(result.next).toEqual({ ...before, state: 'closing', durable: { ...before.durable, phase } })
  expect(result.writes.map(write => write.key)).toEqual(['phase'])
  expect(withoutPublished(result.effects)).toEqual([
    ...(before.session.connection === 'disconnected' ? [] : [told('error', channelId, text)]),
    { type: 'event', event: { type: 'state_changed', from: before.state, to: 'closing', reason: text } },
  ])
  expect(publishedTxid(result.effects)).toBe(commitmentTxidOf(duo, name))
}

function toldAtOnce(
  severity: Exclude<ChannelFailure['severity'], 'fail_channel'>,
  id: ChannelId,
  text: string,
): readonly ChannelEffect[] {
  if (severity === 'reject') return []
  const warning = told('warning', id, text)
  return severity === 'warn' ? [warning] : [warning, { type: 'close_connection' }]
}

function told(type: 'error' | 'warning', channelId: ChannelId, text: string): ChannelEffect {
  return { type: 'send', message: { type, channelId, data: utf8Encode(text).subarray(0, 1_000) } }
}

function withoutPublished(effects: readonly ChannelEffect[]): readonly ChannelEffect[] {
  return effects.filter(effect => effect.type !== 'publish')
}

/** The only transaction that is published, which has to be a commitment. */
export function publishedTxid(effects: readonly ChannelEffect[]): string | undefined {
  const published = effects.filter(effect => effect.type === 'publish')
  expect(published.length).toBeLessThanOrEqual(1)
  for (const { role } of published) expect(role).toBe('commitment')
  return published[0] && txid(published[0].tx)
}

/** The commitment that a side may publish now. */
export function commitmentTxidOf(duo: Duo, name: Name): string {
  const durable = durableOf(duo[name])
  return localCommitmentTx(durable, durable.localCommit.number, duo[name].context).txid
}

/** The input is taken: no failure, no talk of one. */
export function expectTaken(duo: Duo, name: Name, what: ChannelInput): ChannelStep {
  const result = tried(duo, name, what)
  expect(result.failure).toBeUndefined()
  const talk = result.effects.filter(
    effect => effect.type === 'send' && (effect.message.type === 'warning' || effect.message.type === 'error'),
  )
  expect(talk).toEqual([])
  return result
}

/** The same bytes but for one bit, counted from the lowest of the first byte. */
export function bitFlipped(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  const byte = bit >> 3
  flipped[byte] = defined(flipped[byte], `${toHex(bytes)} has a bit ${bit}`) ^ (1 << (bit & 7))
  return flipped
}

const POINT = publicKeyFromSecret(new Uint8Array(32).fill(0x77))
const SIGNATURE = new Uint8Array(64).fill(1)
const SCRIPT = Uint8Array.of(0, 20, ...new Uint8Array(20).fill(5))

/** One message of every type that a peer may say about a channel, well-formed and otherwise arbitrary. */
export function everyMessage(channelId: ChannelId): { readonly [T in PeerMessage['type']]: PeerMessage } {
  const keys = {
    fundingPubkey: POINT,
    revocationBasepoint: POINT,
    paymentBasepoint: POINT,
    delayedPaymentBasepoint: POINT,
    htlcBasepoint: POINT,
    firstPerCommitmentPoint: POINT,
  }
  const terms = {
    temporaryChannelId: channelId,
    dustLimitSatoshis: sat(354),
    maxHtlcValueInFlightMsat: msat(1_000_000_000n),
    channelReserveSatoshis: sat(10_000),
    htlcMinimumMsat: msat(1),
    toSelfDelay: 144,
    maxAcceptedHtlcs: 50,
    ...keys,
  }
  const closing = { channelId, closerScriptpubkey: SCRIPT, closeeScriptpubkey: SCRIPT, feeSatoshis: sat(1_000) }
  return {
    open_channel: {
      type: 'open_channel',
      chainHash: CHAIN_HASH,
      fundingSatoshis: sat(1_000_000),
      pushMsat: msat(0),
      feeratePerKw: feeratePerKw(2_500),
      channelFlags: 0,
      ...terms,
    },
    accept_channel: { type: 'accept_channel', minimumDepth: 3, ...terms },
    funding_created: {
      type: 'funding_created',
      temporaryChannelId: channelId,
      // The identifier of no transaction: any 32 bytes are one.
      fundingTxid: 'ab'.repeat(32) as never,
      fundingOutputIndex: 0,
      signature: SIGNATURE,
    },
    funding_signed: { type: 'funding_signed', channelId, signature: SIGNATURE },
    channel_ready: { type: 'channel_ready', channelId, secondPerCommitmentPoint: POINT },
    shutdown: { type: 'shutdown', channelId, scriptpubkey: SCRIPT },
    closing_signed: { type: 'closing_signed', channelId, feeSatoshis: sat(1_000), signature: SIGNATURE },
    closing_complete: { type: 'closing_complete', ...closing, locktime: 0, closerAndCloseeOutputs: SIGNATURE },
    closing_sig: { type: 'closing_sig', ...closing, locktime: 0, closerAndCloseeOutputs: SIGNATURE },
    update_add_htlc: {
      type: 'update_add_htlc',
      channelId,
      id: 0,
      amountMsat: msat(1_000_000),
      paymentHash: hashOf(1),
      cltvExpiry: 300,
      onionRoutingPacket: new Uint8Array(1366),
    },
    update_fulfill_htlc: { type: 'update_fulfill_htlc', channelId, id: 0, paymentPreimage: preimageOf(1) },
    update_fail_htlc: { type: 'update_fail_htlc', channelId, id: 0, reason: new Uint8Array(3) },
    update_fail_malformed_htlc: {
      type: 'update_fail_malformed_htlc',
      channelId,
      id: 0,
      sha256OfOnion: new Uint8Array(32),
      failureCode: 0xc005,
    },
    update_fee: { type: 'update_fee', channelId, feeratePerKw: feeratePerKw(3_000) },
    commitment_signed: { type: 'commitment_signed', channelId, signature: SIGNATURE, htlcSignatures: [] },
    revoke_and_ack: {
      type: 'revoke_and_ack',
      channelId,
      perCommitmentSecret: new Uint8Array(32).fill(9),
      nextPerCommitmentPoint: POINT,
    },
    channel_reestablish: {
      type: 'channel_reestablish',
      channelId,
      nextCommitmentNumber: 1,
      nextRevocationNumber: 0,
      yourLastPerCommitmentSecret: new Uint8Array(32),
      myCurrentPerCommitmentPoint: POINT,
    },
    error: { type: 'error', channelId, data: utf8Encode('boom') },
    warning: { type: 'warning', channelId, data: utf8Encode('careful') },
  }
}
