import { describe, expect, it } from 'vitest'
import {
  type ChannelId,
  channelIdFromOutPoint,
  concat,
  defined,
  fromHex,
  reverseBytes,
  sat,
  type Txid,
  toHex,
} from '../../src/base/index.ts'
import { encodeTx, type Tx, txid } from '../../src/bitcoin/index.ts'
import { localCommitmentTx } from '../../src/channel/handlers/commitmentSigned.ts'
import { commitmentPoint } from '../../src/keys/index.ts'
import type { ChannelReady, FundingCreated, FundingSigned } from '../../src/wire/index.ts'
import {
  agreed,
  answered,
  created,
  type Duo,
  deliver,
  deliverNext,
  durableOf,
  fundChannelEffect,
  fundedOf,
  input,
  type OpeningOptions,
  opened,
  received,
  rewired,
  signed,
  TEMPORARY_ID,
  walletTx,
} from './harness.ts'
import { expectRefusal } from './refusals.ts'

// BOLT 2, funding_created, funding_signed and channel_ready: every rule broken, and what each refusal does to the world.

const ZERO_TXID = '00'.repeat(32) as Txid
const OTHER_ID = '7f'.repeat(32) as ChannelId
const NO_POINT = concat(Uint8Array.of(3), new Uint8Array(32).fill(0xff))
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** The same signature with the other S, which the curve allows and the network does not relay. */
function highS(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${toHex(signature.slice(32))}`)
  return concat(signature.slice(0, 32), fromHex((ORDER - s).toString(16).padStart(64, '0')))
}

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.with(7, (bytes[7] ?? 0) ^ 1)
}

describe('BOLT 2, funding_created, sender: the funding_transaction command', () => {
  const section = 'BOLT 2, funding_created, sender'
  const legacy = fromHex('00')

  interface Case {
    readonly code: string
    /** From the right transaction to a wrong one. */
    readonly spoil: (tx: Tx) => Tx
  }
  const cases: readonly Case[] = [
    { code: 'funding_output_missing', spoil: tx => ({ ...tx, outputs: tx.outputs.slice(0, 1) }) },
    {
      code: 'funding_output_missing',
      spoil: tx => ({ ...tx, outputs: tx.outputs.map(out => ({ ...out, amountSat: sat(out.amountSat + 1n) })) }),
    },
    {
      code: 'funding_output_missing',
      spoil: tx => ({ ...tx, outputs: tx.outputs.map(out => ({ ...out, script: flipped(out.script) })) }),
    },
    {
      code: 'funding_output_index_too_large',
      spoil: tx => ({
        ...tx,
        outputs: [...Array<Tx['outputs'][0]>(65_536).fill(firstOf(tx.outputs)), ...tx.outputs.slice(1)],
      }),
    },
    {
      code: 'funding_input_not_segwit',
      spoil: tx => ({ ...tx, inputs: [...tx.inputs, { ...firstOf(tx.inputs), scriptSig: legacy }] }),
    },
    {
      code: 'funding_input_not_signed',
      spoil: tx => ({ ...tx, inputs: [...tx.inputs, { ...firstOf(tx.inputs), witness: [] }] }),
    },
  ]

  it.each(cases)('rejects it and keeps waiting: $code', ({ code, spoil }) => {
    const duo = agreed()
    const before = duo.alice.channel
    const tx = spoil(walletTx(fundChannelEffect(duo).output))
    const result = input(duo, 'alice', { type: 'funding_transaction', tx })
    expectRefusal(result, before, { code, section, severity: 'reject' }, TEMPORARY_ID)
  })

  it('takes an output at the last index that two bytes can name', () => {
    const duo = agreed()
    const tx = walletTx(fundChannelEffect(duo).output)
    const outputs = [...Array<Tx['outputs'][0]>(65_535).fill(firstOf(tx.outputs)), fundChannelEffect(duo).output]
    const { failure, next } = input(duo, 'alice', { type: 'funding_transaction', tx: { ...tx, outputs } })
    expect(failure).toBeUndefined()
    expect(next).toMatchObject({ state: 'wait_for_funding_signed', fundingOutpoint: { vout: 65_535 } })
  })

  it('is rejected in any other state', () => {
    const duo = created()
    const before = duo.alice.channel
    const result = input(duo, 'alice', { type: 'funding_transaction', tx: walletTx(fundChannelEffect(duo).output) })
    const refusal = {
      code: 'channel_not_open',
      section: 'BOLT 2, channel establishment v1',
      severity: 'reject',
    } as const
    expectRefusal(result, before, refusal, TEMPORARY_ID)
  })
})

describe('BOLT 2, funding_created, recipient', () => {
  const section = 'BOLT 2, funding_created, recipient'
  const cases: readonly {
    readonly code: string
    readonly spoil: (message: FundingCreated) => Partial<FundingCreated>
    readonly options?: OpeningOptions
  }[] = [
    { code: 'wrong_temporary_channel_id', spoil: () => ({ temporaryChannelId: OTHER_ID }) },
    { code: 'funding_txid_zero', spoil: () => ({ fundingTxid: ZERO_TXID }) },
    { code: 'invalid_commitment_signature', spoil: ({ signature }) => ({ signature: flipped(signature) }) },
    { code: 'invalid_commitment_signature', spoil: ({ signature }) => ({ signature: highS(signature) }) },
    { code: 'invalid_commitment_signature', spoil: () => ({ signature: new Uint8Array(64) }) },
    {
      code: 'invalid_commitment_signature',
      spoil: ({ signature }) => ({ signature: flipped(signature) }),
      options: { format: 'static_remotekey' },
    },
    // The signature covers the outpoint.
    { code: 'invalid_commitment_signature', spoil: () => ({ fundingOutputIndex: 0 }) },
    { code: 'invalid_commitment_signature', spoil: () => ({ fundingTxid: 'ab'.repeat(32) as Txid }) },
  ]

  function receive(spoil: (message: FundingCreated) => Partial<FundingCreated>, duo: Duo) {
    // Alice has just sent it.
    const message = received(defined(duo.alice.outbox.shift(), 'funding_created')) as FundingCreated
    const spoiled = rewired({ ...message, ...spoil(message) })
    return input(duo, 'bob', { type: 'message', message: spoiled })
  }

  it.each(cases)('fails the channel, of which nothing is kept: $code', ({ code, spoil, options }) => {
    const duo = created(options)
    const before = duo.bob.channel
    expectRefusal(receive(spoil, duo), before, { code, section, severity: 'fail_channel' }, TEMPORARY_ID)
    expect(duo.bob.records.size).toBe(0)
  })

  it('fails a channel whose channel_id another channel has, also from another outpoint', () => {
    const duo = created()
    const before = duo.bob.channel
    const tx = walletTx(fundChannelEffect(duo).output)
    const channelId = channelIdFromOutPoint({ txid: txid(tx), vout: 1 })
    // The last bytes of the txid and the output index cancel out.
    const collides = toHex(reverseBytes(fromHex(channelId))) as Txid
    expect(channelIdFromOutPoint({ txid: collides, vout: 0 })).toBe(channelId)
    duo.bob.context = { ...duo.bob.context, channelIdsInUse: [OTHER_ID, channelId] }
    const result = receive(() => ({ fundingTxid: collides, fundingOutputIndex: 0 }), duo)
    const refusal = { code: 'channel_id_in_use', section, severity: 'fail_channel' } as const
    expectRefusal(result, before, refusal, TEMPORARY_ID)
  })

  it('shows the transaction that was to be signed', () => {
    const duo = created()
    const twin = created()
    deliver(twin)
    const { failure } = receive(({ signature }) => ({ signature: flipped(signature) }), duo)
    const commitment = localCommitmentTx(durableOf(twin.bob), 0, twin.bob.context)
    expect(failure?.expected).toContain(toHex(encodeTx(commitment.tx)))
  })
})

describe('BOLT 2, funding_signed, recipient', () => {
  const section = 'BOLT 2, funding_signed, recipient'
  const cases: readonly {
    readonly code: string
    readonly spoil: (message: FundingSigned) => Partial<FundingSigned>
  }[] = [
    { code: 'wrong_channel_id', spoil: () => ({ channelId: OTHER_ID }) },
    { code: 'invalid_commitment_signature', spoil: ({ signature }) => ({ signature: flipped(signature) }) },
    { code: 'invalid_commitment_signature', spoil: ({ signature }) => ({ signature: highS(signature) }) },
  ]

  it.each(cases)('fails the channel and never publishes its funding: $code', ({ code, spoil }) => {
    const duo = created()
    deliverNext(duo, 'bob')
    const before = duo.alice.channel
    // Bob has just sent it.
    const message = received(defined(duo.bob.outbox.shift(), 'funding_signed')) as FundingSigned
    const spoiled = rewired({ ...message, ...spoil(message) })
    const result = input(duo, 'alice', { type: 'message', message: spoiled })
    // From funding_created on the opener names the channel by its channel_id (BOLT 1, error).
    expectRefusal(result, before, { code, section, severity: 'fail_channel' }, message.channelId)
    expect(duo.alice.records.size).toBe(0)
  })
})

describe('BOLT 2, channel_ready, sender: the funding is looked at', () => {
  const section = 'BOLT 2, channel_ready, sender'
  const cases = [
    { what: 'one sat less', spoil: { amountSat: sat(999_999) }, got: '999999 sat' },
    { what: 'one sat more', spoil: { amountSat: sat(1_000_001) }, got: '1000001 sat' },
    { what: 'another script', spoil: { script: new Uint8Array(34) }, got: 'another script' },
  ] as const

  it.each(['alice', 'bob'] as const)('%s fails a channel whose output is not there, at any depth', name => {
    const duo = signed()
    const result = input(duo, name, { type: 'funding_depth', depth: 1, output: undefined, coinbase: false })
    expect(result.failure).toMatchObject({ code: 'wrong_funding_output', section, got: 'no such output' })
    expect(result.failure?.severity).toBe('fail_channel')
    expect(result.next.state).toBe('closing')
  })

  it.each(cases)('fails a channel whose output has $what', ({ spoil, got }) => {
    const duo = signed()
    const { output } = fundChannelEffect(duo)
    const what = { type: 'funding_depth', depth: 3, output: { ...output, ...spoil }, coinbase: false } as const
    const result = input(duo, 'bob', what)
    const facts = { code: 'wrong_funding_output', section, got, severity: 'fail_channel' }
    expect(result.failure).toMatchObject(facts)
    const sent = result.effects.filter(effect => effect.type === 'send')
    expect(sent).toMatchObject([{ message: { type: 'error', channelId: durableOf(duo.bob).params.channelId } }])
    expect(result.next).toMatchObject({ state: 'closing', durable: { ready: { local: false } } })
  })

  it('waits for 100 blocks where the funding is a coinbase', () => {
    const duo = signed()
    const { output } = fundChannelEffect(duo)
    const early = input(duo, 'bob', { type: 'funding_depth', depth: 99, output, coinbase: true })
    expect(early.effects).toEqual([])
    expect(early.next.state).toBe('wait_for_funding_confirmed')
    const late = input(duo, 'bob', { type: 'funding_depth', depth: 100, output, coinbase: true })
    expect(late.next.state).toBe('wait_for_channel_ready')
  })

  it('never sends it for an unconfirmed funding, even for a minimum_depth of zero', () => {
    const duo = answered()
    // As a peer might answer.
    const message = { ...received(defined(duo.bob.outbox.shift(), 'accept_channel')), minimumDepth: 0 }
    input(duo, 'alice', { type: 'message', message: rewired(message) })
    input(duo, 'alice', { type: 'funding_transaction', tx: walletTx(fundChannelEffect(duo).output) })
    deliver(duo)
    const { output } = fundChannelEffect(duo)
    expect(input(duo, 'alice', { type: 'funding_depth', depth: 0, output, coinbase: false }).effects).toEqual([])
    expect(duo.alice.channel.state).toBe('wait_for_funding_confirmed')
    const confirmed = input(duo, 'alice', { type: 'funding_depth', depth: 1, output, coinbase: false })
    expect(confirmed.effects).toMatchObject([{ type: 'send', message: { type: 'channel_ready' } }, { type: 'event' }])
  })

  it('stays as it is when a reorganisation takes the funding back', () => {
    const duo = opened()
    const before = duo.bob.channel
    for (const depth of [0, 1, 2, 3, 4]) {
      const output = depth === 0 ? undefined : fundChannelEffect(duo).output
      const result = input(duo, 'bob', { type: 'funding_depth', depth, output, coinbase: false })
      expect(result).toEqual({ next: before, writes: [], effects: [] })
    }
  })

  it('is kept for the next connection where there is none', () => {
    const duo = signed()
    input(duo, 'bob', { type: 'disconnected' })
    const result = input(duo, 'bob', {
      type: 'funding_depth',
      depth: 3,
      output: fundChannelEffect(duo).output,
      coinbase: false,
    })
    expect(result.effects.filter(effect => effect.type !== 'event')).toEqual([])
    expect(durableOf(duo.bob)).toMatchObject({
      ready: { local: true, remote: false },
      phase: { type: 'wait_for_channel_ready' },
    })
  })
})

describe('BOLT 2, channel_ready, receiver', () => {
  function ready(duo: Duo, changes: Partial<ChannelReady> = {}): ChannelReady {
    const { channelId } = durableOf(duo.alice).params
    const secondPerCommitmentPoint = commitmentPoint(duo.bob.context.secrets, 1)
    return rewired({ type: 'channel_ready', channelId, secondPerCommitmentPoint, ...changes })
  }

  it('closes the connection over a point that is none, and forgets nothing', () => {
    const duo = signed()
    const before = duo.alice.channel
    const { channelId } = durableOf(duo.alice).params
    const message = ready(duo, { secondPerCommitmentPoint: NO_POINT })
    const result = input(duo, 'alice', { type: 'message', message })
    const refusal = {
      code: 'invalid_second_per_commitment_point',
      section: 'BOLT 2, channel_ready, sender',
      severity: 'close_connection',
    } as const
    expectRefusal(result, before, refusal, channelId)
  })

  it('ignores any further one, whatever it says', () => {
    const duo = signed()
    input(duo, 'alice', { type: 'message', message: ready(duo) })
    const early = duo.alice.channel
    const other = ready(duo, { secondPerCommitmentPoint: commitmentPoint(duo.bob.context.secrets, 9) })
    expect(input(duo, 'alice', { type: 'message', message: other })).toEqual({ next: early, writes: [], effects: [] })
    input(duo, 'alice', { type: 'funding_depth', depth: 3, output: fundChannelEffect(duo).output, coinbase: false })
    const normal = duo.alice.channel
    expect(normal.state).toBe('normal')
    const invalid = ready(duo, { secondPerCommitmentPoint: NO_POINT })
    expect(input(duo, 'alice', { type: 'message', message: invalid })).toEqual({
      next: normal,
      writes: [],
      effects: [],
    })
  })
})

describe('BOLT 2, channel_ready: a funding that does not confirm', () => {
  /** The last height at which Bob still waits: 2016 blocks, and minimum_depth to become deep. */
  const LAST = 100 + 2016 + 3 - 1

  function blockAt(duo: Duo, name: 'alice' | 'bob', height: number) {
    duo[name].context = { ...duo[name].context, height }
    return input(duo, name, { type: 'block' })
  }

  it('is forgotten by the accepter after 2016 blocks', () => {
    const duo = signed()
    expect(blockAt(duo, 'bob', LAST)).toEqual({ next: fundedOf(duo.bob), writes: [], effects: [] })
    const { next, effects } = blockAt(duo, 'bob', LAST + 1)
    const reason = 'the funding transaction did not confirm within 2016 blocks from height 100'
    expect(next).toMatchObject({
      state: 'closed',
      durable: { phase: { cause: { kind: 'deadline', reason, mayPublishCommitment: false } } },
    })
    expect(effects).toMatchObject([
      { type: 'send', message: { type: 'error', channelId: durableOf(duo.bob).params.channelId } },
      { type: 'event', event: { type: 'state_changed', to: 'closed', reason } },
    ])
  })

  it('is forgotten without a word where nobody listens', () => {
    const duo = signed()
    input(duo, 'bob', { type: 'disconnected' })
    const { next, effects } = blockAt(duo, 'bob', LAST + 1)
    expect(next.state).toBe('closed')
    expect(effects.map(effect => effect.type)).toEqual(['event'])
  })

  it('is never given up by the opener, whose money it is', () => {
    const duo = signed()
    expect(blockAt(duo, 'alice', 1_000_000)).toEqual({ next: fundedOf(duo.alice), writes: [], effects: [] })
  })

  it('is over once the channel is ready', () => {
    const duo = opened()
    expect(blockAt(duo, 'bob', 1_000_000)).toEqual({ next: fundedOf(duo.bob), writes: [], effects: [] })
  })

  it('is published again by the opener on a new connection, while it is unconfirmed', () => {
    const duo = signed()
    input(duo, 'alice', { type: 'disconnected' })
    const { negotiated } = fundedOf(duo.alice).session
    const { effects } = input(duo, 'alice', { type: 'connected', negotiated })
    const tx = walletTx(fundChannelEffect(duo).output)
    expect(effects).toContainEqual({ type: 'publish', role: 'funding', tx })
  })
})

function firstOf<T>(items: readonly T[]): T {
  return defined(items[0], 'there is one')
}
