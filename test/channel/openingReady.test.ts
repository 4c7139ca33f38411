import { describe, expect, it } from 'vitest'
import { concat, defined, sat, toHex } from '../../src/base/index.ts'
import { republishFunding } from '../../src/channel/handlers/fundingDepth.ts'
import { commitmentPoint } from '../../src/keys/index.ts'
import { type ChannelReady, encodeMessage } from '../../src/wire/index.ts'
import {
  answered,
  confirm,
  connect,
  type Duo,
  deliver,
  depthInput,
  disconnect,
  durableOf,
  effectsOf,
  fundChannelEffect,
  fundedOf,
  input,
  type Name,
  opened,
  received,
  rewired,
  sentBy,
  signed,
  walletTx,
} from './harness.ts'
import { expectRefusal } from './refusals.ts'

// BOLT 2, channel_ready: the funding as it really is, at any depth, over disconnections, or never there.

/** The form of a point, but no x coordinate of the curve. */
const NO_POINT = concat(Uint8Array.of(3), new Uint8Array(32).fill(0xff))

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

  // Both have signed for another output: a commitment of ours would be refused by everyone.
  it.each(cases)('publishes nothing where the output has $what', ({ spoil }) => {
    const duo = signed()
    const { output } = fundChannelEffect(duo)
    const what = { type: 'funding_depth', depth: 3, output: { ...output, ...spoil }, coinbase: false } as const
    const { next, effects } = input(duo, 'bob', what)
    expect(effects.filter(effect => effect.type === 'publish')).toEqual([])
    expect(next).toMatchObject({ durable: { phase: { cause: { mayPublishCommitment: false } } } })
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

describe('BOLT 2, message retransmission, while the funding is awaited', () => {
  it('channel_ready is sent again, and a redundant one changes nothing', () => {
    const duo = signed()
    input(duo, 'bob', depthInput(duo.bob, 3))
    deliver(duo)
    disconnect(duo)
    input(duo, 'alice', depthInput(duo.alice, 3))
    expect(duo.alice.channel.state).toBe('normal')
    expect(duo.bob.channel.state).toBe('wait_for_channel_ready')
    connect(duo)
    deliver(duo)
    expect([duo.alice.channel.state, duo.bob.channel.state]).toEqual(['normal', 'normal'])
    const ready = (name: Name) => sentBy(duo[name]).filter(({ type }) => type === 'channel_ready')
    expect(ready('alice')).toHaveLength(1)
    expect(ready('bob')).toHaveLength(2)
    expect(new Set(ready('bob').map(message => toHex(encodeMessage(message)))).size).toBe(1)
  })

  it('both get there where both learn of the depth without a connection', () => {
    const duo = signed()
    disconnect(duo)
    confirm(duo)
    expect([duo.alice.channel.state, duo.bob.channel.state]).toEqual([
      'wait_for_channel_ready',
      'wait_for_channel_ready',
    ])
    connect(duo)
    deliver(duo)
    expect([duo.alice.channel.state, duo.bob.channel.state]).toEqual(['normal', 'normal'])
  })

  it.each(['alice', 'bob'] as const)('asks again for what is needed to go on (%s)', name => {
    const duo = signed()
    const tx = walletTx(fundChannelEffect(duo).output)
    const watch = effectsOf(duo[name], 'watch_funding')[0]
    const publish = { type: 'publish', role: 'funding', tx }
    expect(republishFunding(durableOf(duo[name]))).toEqual(name === 'alice' ? [publish, watch] : [watch])
    confirm(duo)
    expect(republishFunding(durableOf(duo[name]))).toEqual([watch])
  })

  it('asks for nothing once the channel is closed', () => {
    const duo = signed()
    duo.bob.context = { ...duo.bob.context, height: 1_000_000 }
    input(duo, 'bob', { type: 'block' })
    expect(duo.bob.channel.state).toBe('closed')
    expect(republishFunding(durableOf(duo.bob))).toEqual([])
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
