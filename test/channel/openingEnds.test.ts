import { describe, expect, it } from 'vitest'
import {
  type ChannelId,
  defined,
  feeratePerKw,
  msat,
  type PaymentHash,
  sat,
  type Txid,
  utf8Encode,
} from '../../src/base/index.ts'
import { step } from '../../src/channel/step.ts'
import type { ChannelInput, PeerMessage } from '../../src/channel/types.ts'
import type { ChannelMessage } from '../../src/wire/index.ts'
import {
  ALL_FEATURES,
  agreed,
  answered,
  created,
  type Duo,
  input,
  type Name,
  proposed,
  rewired,
  sentBy,
  signed,
  TEMPORARY_ID,
  walletScript,
  walletTx,
} from './harness.ts'
import { expectRefusal } from './refusals.ts'

// How an opening ends without a channel (BOLT 2, channel establishment v1; BOLT 1, error): every state against every input.

const SECTION = 'BOLT 2, channel establishment v1'
const SOME_ID = '5a'.repeat(32) as ChannelId
const BYTES_32 = new Uint8Array(32).fill(1)
const BYTES_64 = new Uint8Array(64).fill(1)
const POINT = defined(sentBy(proposed().alice)[0], 'open_channel') as { fundingPubkey: Uint8Array }

/** Each state of an opening, who is in it, and the one message that it waits for. */
const STATES = [
  { state: 'wait_for_accept_channel', reach: answered, name: 'alice', awaits: 'accept_channel' },
  { state: 'wait_for_funding_transaction', reach: agreed, name: 'alice', awaits: undefined },
  { state: 'wait_for_funding_signed', reach: created, name: 'alice', awaits: 'funding_signed' },
  { state: 'wait_for_funding_created', reach: created, name: 'bob', awaits: 'funding_created' },
] as const satisfies readonly {
  readonly state: string
  readonly reach: () => Duo
  readonly name: Name
  readonly awaits: PeerMessage['type'] | undefined
}[]

const channelId = SOME_ID
const htlc = { channelId, id: 0 }
const simpleClose = {
  channelId,
  closerScriptpubkey: walletScript(1),
  closeeScriptpubkey: walletScript(2),
  feeSatoshis: sat(1),
  locktime: 0,
}

/** One message of every type that a channel knows. */
const MESSAGES: readonly ChannelMessage[] = [
  proposed().message,
  sentBy(answered().bob)[0] as Extract<ChannelMessage, { type: 'accept_channel' }>,
  {
    type: 'funding_created',
    temporaryChannelId: SOME_ID,
    fundingTxid: 'ab'.repeat(32) as Txid,
    fundingOutputIndex: 0,
    signature: BYTES_64,
  },
  { type: 'funding_signed', channelId, signature: BYTES_64 },
  { type: 'channel_ready', channelId, secondPerCommitmentPoint: POINT.fundingPubkey },
  { type: 'shutdown', channelId, scriptpubkey: walletScript(1) },
  { type: 'closing_signed', channelId, feeSatoshis: sat(1), signature: BYTES_64 },
  { type: 'closing_complete', ...simpleClose },
  { type: 'closing_sig', ...simpleClose },
  {
    type: 'update_add_htlc',
    ...htlc,
    amountMsat: msat(1n),
    paymentHash: '11'.repeat(32) as PaymentHash,
    cltvExpiry: 500,
    onionRoutingPacket: new Uint8Array(1366),
  },
  { type: 'update_fulfill_htlc', ...htlc, paymentPreimage: BYTES_32 },
  { type: 'update_fail_htlc', ...htlc, reason: BYTES_32 },
  { type: 'update_fail_malformed_htlc', ...htlc, sha256OfOnion: BYTES_32, failureCode: 0x8005 },
  { type: 'update_fee', channelId, feeratePerKw: feeratePerKw(253) },
  { type: 'commitment_signed', channelId, signature: BYTES_64, htlcSignatures: [] },
  { type: 'revoke_and_ack', channelId, perCommitmentSecret: BYTES_32, nextPerCommitmentPoint: POINT.fundingPubkey },
  {
    type: 'channel_reestablish',
    channelId,
    nextCommitmentNumber: 1,
    nextRevocationNumber: 0,
    yourLastPerCommitmentSecret: new Uint8Array(32),
    myCurrentPerCommitmentPoint: POINT.fundingPubkey,
  },
]

/** From `funding_created` on the opener names the channel by its channel_id (BOLT 1, error). */
function toldId(duo: Duo, name: Name): ChannelId {
  const { channel } = duo[name]
  return channel.state === 'wait_for_funding_signed' ? channel.channelId : TEMPORARY_ID
}

describe.each(STATES)('BOLT 2, channel establishment v1: $state', ({ reach, name, awaits, state }) => {
  it('is the state that the stage leads to', () => {
    expect(reach()[name].channel.state).toBe(state)
  })

  it.each(MESSAGES.filter(({ type }) => type !== awaits))('fails the channel over $type', message => {
    const duo = reach()
    const before = duo[name].channel
    const id = toldId(duo, name)
    const result = input(duo, name, { type: 'message', message: rewired(message) })
    const section = message.type === 'shutdown' ? 'BOLT 2, shutdown, receiver' : SECTION
    expectRefusal(result, before, { code: 'unexpected_message', section, severity: 'fail_channel' }, id)
    expect(result.failure?.got).toBe(message.type)
  })

  it('is forgotten when the connection ends, on both sides without a word', () => {
    const { next, effects, writes } = input(reach(), name, { type: 'disconnected' })
    const reason = `the connection ended in ${state}, before the channel was signed for`
    expect(next).toEqual({ state: 'aborted', temporaryChannelId: TEMPORARY_ID, reason })
    expect(effects).toEqual([{ type: 'event', event: { type: 'state_changed', from: state, to: 'aborted', reason } }])
    expect(writes).toEqual([])
  })

  it('ends with an error of the peer, which is not answered and whose text is cleaned', () => {
    const data = utf8Encode('no\u001b[2J more \u00e9')
    const { next, effects } = input(reach(), name, { type: 'message', message: { type: 'error', channelId, data } })
    const reason = 'the peer sent an error: no?[2J more ??'
    expect(next).toEqual({ state: 'aborted', temporaryChannelId: TEMPORARY_ID, reason })
    expect(effects).toEqual([
      { type: 'event', event: { type: 'peer_said', kind: 'error', text: 'no?[2J more ??' } },
      { type: 'event', event: { type: 'state_changed', from: state, to: 'aborted', reason } },
    ])
  })

  it('goes on after a warning', () => {
    const duo = reach()
    const before = duo[name].channel
    const data = utf8Encode('careful')
    const { next, effects } = input(duo, name, { type: 'message', message: { type: 'warning', channelId, data } })
    expect(next).toBe(before)
    expect(effects).toEqual([{ type: 'event', event: { type: 'peer_said', kind: 'warning', text: 'careful' } }])
  })

  it.each(['commit', 'block'] as const)('has nothing to do at %s', type => {
    const duo = reach()
    expect(input(duo, name, { type })).toEqual({ next: duo[name].channel, writes: [], effects: [] })
  })

  const others: readonly ChannelInput[] = [
    {
      type: 'add_htlc',
      amountMsat: msat(1n),
      paymentHash: '11'.repeat(32) as PaymentHash,
      cltvExpiry: 500,
      onionRoutingPacket: new Uint8Array(1366),
    },
    { type: 'resolve_htlc', id: 0, resolution: { type: 'fulfill', paymentPreimage: BYTES_32 } },
    { type: 'update_fee', feeratePerKw: feeratePerKw(253) },
    { type: 'shutdown' },
    { type: 'bump_close', feeratePerKw: feeratePerKw(253) },
    { type: 'force_close', reason: 'wanted' },
    { type: 'connected', negotiated: ALL_FEATURES },
    { type: 'funding_depth', depth: 1, output: undefined, coinbase: false },
    { type: 'funding_spent', tx: walletTx({ amountSat: sat(1), script: walletScript(1) }) },
    { type: 'resolved' },
  ]
  it.each(others)('rejects $type and stays', what => {
    const duo = reach()
    const before = duo[name].channel
    const result = input(duo, name, what)
    expectRefusal(result, before, { code: 'channel_not_open', section: SECTION, severity: 'reject' }, TEMPORARY_ID)
    expect(result.failure?.got).toContain(state)
  })
})

describe('BOLT 2, channel establishment v1: cancel_open', () => {
  it.each([answered, agreed])('tells the peer, before funding_created ($name)', reach => {
    const { next, effects } = input(reach(), 'alice', { type: 'cancel_open', reason: 'no coins' })
    expect(next).toEqual({ state: 'aborted', temporaryChannelId: TEMPORARY_ID, reason: 'cancelled: no coins' })
    const message = { type: 'error', channelId: TEMPORARY_ID, data: utf8Encode('cancelled: no coins') }
    expect(effects[0]).toEqual({ type: 'send', message })
    expect(effects).toHaveLength(2)
  })

  it.each(['alice', 'bob'] as const)('is rejected afterwards, and for who did not open (%s)', name => {
    const duo = created()
    const before = duo[name].channel
    const result = input(duo, name, { type: 'cancel_open', reason: 'no coins' })
    expectRefusal(result, before, { code: 'channel_not_open', section: SECTION, severity: 'reject' }, TEMPORARY_ID)
  })
})

describe('BOLT 2, channel establishment v1: afterwards', () => {
  it('an aborted channel answers nothing any more', () => {
    const duo = answered()
    input(duo, 'alice', { type: 'disconnected' })
    const before = duo.alice.channel
    for (const what of [{ type: 'disconnected' }, { type: 'message', message: proposed().message }] as const) {
      const result = step(before, what, duo.alice.context)
      expectRefusal(result, before, { code: 'channel_aborted', section: SECTION, severity: 'reject' }, TEMPORARY_ID)
    }
  })

  it('a signed channel outlives the connection', () => {
    const duo = signed()
    for (const name of ['alice', 'bob'] as const) {
      const { next } = input(duo, name, { type: 'disconnected' })
      expect(next.state).toBe('wait_for_funding_confirmed')
    }
  })
})
