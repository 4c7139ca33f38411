import { describe, expect, test } from 'vitest'
import { msat, sat, type Txid } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import { type LinkInput, type LinkState, NEW_LINK } from '../../src/link/index.ts'
import { addCommand, openRequest } from '../node/pair.ts'
import { connected, effectsOf, Hand, HEIGHT, load, OTHER_ID, sent, snapshots } from './opened.ts'

// The engine as one step: which commands it takes when, how connections follow each other, and how the funding transaction is
// looked after until it is deep enough.

const open: LinkInput = { type: 'open', request: openRequest() }
const commit: LinkInput = { type: 'command', command: { type: 'commit' } }
const online: LinkState = { ...NEW_LINK, connection: 'connected' }

const all = await snapshots()

function codeOf(hand: Hand, input: LinkInput): string | undefined {
  const before = hand.state
  const { next, writes, effects, failure } = hand.give(input)
  if (failure === undefined) return undefined
  expect(failure.severity).toBe('reject')
  expect({ writes, effects }).toEqual({ writes: [], effects: [] })
  expect(next).toBe(before)
  return failure.code
}

describe('commands', () => {
  test.each(['unconfirmed', 'normal', 'closing', 'closed'] as const)(
    'no second channel is opened beside one that is %s: what the first one holds would be lost',
    name => {
      const hand = new Hand('alice', { ...load(all[name].alice), connection: 'connected' })
      expect(codeOf(hand, open)).toBe('channel_exists')
    },
  )

  test('nor beside one that is being opened', () => {
    const hand = new Hand('alice', online)
    expect(hand.give(open).failure).toBeUndefined()
    expect(codeOf(hand, open)).toBe('channel_exists')
  })

  test('after an opening that ended no other one begins: that is for another link', () => {
    const hand = new Hand('alice', online)
    hand.give(open)
    hand.give({ type: 'command', command: { type: 'cancel_open', reason: 'too dear' } })
    expect(hand.state.channel?.state).toBe('aborted')
    expect(codeOf(hand, { type: 'open', request: { ...openRequest(), temporaryChannelId: OTHER_ID } })).toBe(
      'channel_exists',
    )
  })

  test('opening takes a peer', () => {
    expect(codeOf(new Hand('alice'), open)).toBe('not_connected')
  })

  test('a request that breaks a rule leaves everything as it was', () => {
    const bad: LinkInput = { type: 'open', request: { ...openRequest(), fundingAmountSat: sat(1) } }
    expect(codeOf(new Hand('alice', online), bad)).toBe('funding_too_small')
  })

  test('without a channel every command is rejected', () => {
    expect(codeOf(new Hand('alice', online), commit)).toBe('no_channel')
    expect(codeOf(new Hand('alice'), { type: 'command', command: { type: 'shutdown' } })).toBe('no_channel')
  })
})

describe('without a channel, and after an opening that ended', () => {
  const aborted = (): LinkState => {
    const hand = new Hand('alice', online)
    hand.give(open)
    hand.give({ type: 'disconnected' })
    expect(hand.state.channel?.state).toBe('aborted')
    return hand.state
  }
  const inputs: readonly LinkInput[] = [
    { type: 'end_of_turn' },
    { type: 'block_connected', height: HEIGHT + 1, transactions: [] },
    { type: 'block_disconnected', height: HEIGHT },
    { type: 'disconnected' },
    { type: 'connected' },
    { type: 'started' },
    { type: 'archive', commitmentNumber: 0, records: new Map() },
    { type: 'spend_found', outpoint: { txid: 'ab'.repeat(32) as Txid, vout: 0 }, tx: nothing(), height: 3 },
    { type: 'funding_found', tx: nothing(), height: 3 },
  ]
  test.each(inputs)('%o asks nothing of the world', input => {
    for (const state of [NEW_LINK, aborted()]) {
      const { writes, effects, failure, next } = new Hand('alice', state).give(input)
      expect({ writes, effects, failure }).toEqual({ writes: [], effects: [] })
      expect(next.channel).toBe(state.channel)
    }
  })
})

describe('connections', () => {
  test('one that begins without the end of the one before it ends that: an opening is over', () => {
    const hand = new Hand('alice', online)
    hand.give(open)
    const step = hand.give({ type: 'connected' })
    expect(step.failure).toBeUndefined()
    expect(hand.state.channel?.state).toBe('aborted')
    expect(hand.state.connection).toBe('connected')
  })

  test('a channel is established again on each', () => {
    const { alice } = connected(all.withHtlcs)
    expect(alice.channel.session.connection).toBe('connected')
    for (let i = 0; i < 2; i++) {
      expect(sent(alice.give({ type: 'connected' })).map(({ type }) => type)).toEqual(['channel_reestablish'])
      expect(alice.channel.session.connection).toBe('reestablishing')
    }
  })

  test('what comes while nobody is connected is not heard', () => {
    const hand = new Hand('alice', load(all.normal.alice))
    const channelId = hand.channel.durable.params.channelId
    for (const type of ['error', 'warning'] as const) {
      const step = hand.receive({ type, channelId, data: new Uint8Array(0) })
      expect(step).toEqual({ next: hand.state, writes: [], effects: [] })
    }
    expect(hand.channel.state).toBe('normal')
  })
})

describe('the end of a turn', () => {
  test('signs once for all that the turn brought, gives the same answer again, and nothing when nothing is due', () => {
    const { alice } = connected(all.normal)
    for (const index of [11, 12]) {
      const taken = alice.give(addCommand({ payer: 'alice', amountMsat: msat(30_000_000n), index }, HEIGHT))
      expect(taken.failure).toBeUndefined()
    }
    const first = new Hand('alice', alice.state).give({ type: 'end_of_turn' })
    const again = alice.give({ type: 'end_of_turn' })
    expect(again).toEqual(first)
    expect(sent(again).map(({ type }) => type)).toEqual(['commitment_signed'])
    expect(alice.give({ type: 'end_of_turn' })).toEqual({ next: alice.state, writes: [], effects: [] })
  })
})

describe('the funding transaction', () => {
  const block = (height: number, transactions: readonly Tx[] = []): LinkInput => ({
    type: 'block_connected',
    height,
    transactions,
  })
  const funding = all.pair.chain.blocks[100]?.[1]
  if (funding === undefined) throw new Error('the funding transaction is in block 101')
  const publishes = (hand: Hand, input: LinkInput) =>
    effectsOf(hand.give(input), 'publish').map(({ tx, role }) => `${role} ${txid(tx)}`)
  const published = `funding ${txid(funding)}`

  test('is published again by its opener after a start and with each block, until it is confirmed', () => {
    const alice = new Hand('alice', load(all.unconfirmed.alice), 100)
    expect(publishes(alice, { type: 'started' })).toEqual([published])
    expect(publishes(alice, block(HEIGHT))).toEqual([published])
    expect(publishes(alice, block(HEIGHT + 1))).toEqual([published])
    expect(publishes(alice, block(HEIGHT + 2, [funding]))).toEqual([])
    expect(alice.channel.state).toBe('wait_for_channel_ready')
    expect(publishes(alice, block(HEIGHT + 3))).toEqual([])
  })

  test('is published again when a reorganisation took it back', () => {
    const alice = new Hand('alice', load(all.unconfirmed.alice), 100)
    alice.context = { ...alice.context, limits: alice.context.limits }
    const deeper = { ...alice.channel.durable, params: { ...alice.channel.durable.params, minimumDepth: 3 } }
    alice.state = { ...alice.state, channel: { ...alice.channel, durable: deeper } }
    expect(publishes(alice, block(HEIGHT, [funding]))).toEqual([])
    expect(publishes(alice, block(HEIGHT + 1))).toEqual([])
    expect(alice.channel.state).toBe('wait_for_funding_confirmed')
    alice.give({ type: 'block_disconnected', height: HEIGHT + 1 })
    expect(alice.state.funding?.height).toBe(HEIGHT)
    const undone = alice.give({ type: 'block_disconnected', height: HEIGHT })
    expect(alice.state.funding).toBeUndefined()
    expect(undone.writes).toEqual([{ type: 'delete', key: expect.stringMatching(/\/funding$/) }])
    expect(publishes(alice, block(HEIGHT))).toEqual([published])
  })

  test('is not for the accepter to publish, nor for anyone once the channel has failed', () => {
    const bob = new Hand('bob', load(all.unconfirmed.bob), 100)
    expect(publishes(bob, { type: 'started' })).toEqual([])
    expect(publishes(bob, block(HEIGHT))).toEqual([])
    const alice = new Hand('alice', load(all.unconfirmed.alice), 100)
    alice.give({ type: 'command', command: { type: 'force_close', reason: 'test' } })
    const roles = effectsOf(alice.give(block(HEIGHT)), 'publish').map(({ role }) => role)
    expect(roles).toEqual(['commitment'])
  })

  test('is looked up after a start: it may have confirmed while nobody was looking', () => {
    for (const name of ['alice', 'bob'] as const) {
      const hand = new Hand(name, load(all.unconfirmed[name]), HEIGHT + 5)
      const started = hand.give({ type: 'started' })
      expect(effectsOf(started, 'look_up_funding')).toEqual([{ type: 'look_up_funding', txid: txid(funding) }])
      const found = hand.give({ type: 'funding_found', tx: funding, height: HEIGHT })
      expect(hand.channel.state).toBe('wait_for_channel_ready')
      expect(found.writes.map(({ key }) => key.split('/').at(-1))).toContain('funding')
      expect(hand.state.funding).toMatchObject({ height: HEIGHT, coinbase: false })
    }
  })

  test('found again at another height counts from there; found where it is known changes nothing', () => {
    const alice = new Hand('alice', load(all.unconfirmed.alice), HEIGHT)
    const deeper = { ...alice.channel.durable, params: { ...alice.channel.durable.params, minimumDepth: 3 } }
    alice.state = { ...alice.state, channel: { ...alice.channel, durable: deeper } }
    alice.give(block(HEIGHT, [funding]))
    const same = alice.give({ type: 'funding_found', tx: funding, height: HEIGHT })
    expect(same).toEqual({ next: alice.state, writes: [], effects: [] })
    alice.give({ type: 'funding_found', tx: funding, height: HEIGHT + 1 })
    expect(alice.state.funding?.height).toBe(HEIGHT + 1)
    alice.give(block(HEIGHT + 2))
    expect(alice.channel.state).toBe('wait_for_funding_confirmed')
    alice.give(block(HEIGHT + 3))
    expect(alice.channel.state).toBe('wait_for_channel_ready')
  })

  test('is recognised by its txid alone', () => {
    const alice = new Hand('alice', load(all.unconfirmed.alice), HEIGHT)
    const step = alice.give({ type: 'funding_found', tx: { ...funding, locktime: 1 }, height: HEIGHT })
    expect(step).toEqual({ next: alice.state, writes: [], effects: [] })
  })

  test('with another output than agreed on, in a block, fails the channel', () => {
    const { fundingOutpoint } = new Hand('alice', load(all.unconfirmed.alice)).channel.durable.params
    const bob = new Hand('bob', load(all.unconfirmed.bob), HEIGHT)
    const { durable } = bob.channel
    // The peer named an output that its transaction does not have.
    const params = { ...durable.params, fundingOutpoint: { ...fundingOutpoint, vout: 7 } }
    bob.state = { ...bob.state, channel: { ...bob.channel, durable: { ...durable, params } } }
    expect(bob.give(block(HEIGHT, [funding])).failure?.code).toBe('wrong_funding_output')
    expect(bob.state.funding?.output).toBeUndefined()
    expect(bob.channel.state).toBe('closing')
  })

  test('is no longer of interest once it is deep enough', () => {
    const alice = new Hand('alice', load(all.normal.alice), HEIGHT)
    expect(effectsOf(alice.give({ type: 'started' }), 'look_up_funding')).toEqual([])
    expect(alice.give({ type: 'funding_found', tx: funding, height: HEIGHT + 1 }).next).toBe(alice.state)
  })

  test('that is a coinbase needs a hundred blocks, however it is found', () => {
    const alice = new Hand('alice', load(all.unconfirmed.alice), HEIGHT)
    const { durable } = alice.channel
    const coinbase: Tx = {
      ...funding,
      inputs: [
        {
          outpoint: { txid: '00'.repeat(32) as Txid, vout: 0xffffffff },
          scriptSig: Uint8Array.of(1, 101),
          sequence: 0xffffffff,
          witness: [],
        },
      ],
    }
    const fundingOutpoint = { ...durable.params.fundingOutpoint, txid: txid(coinbase) }
    const params = { ...durable.params, fundingOutpoint }
    const state: LinkState = { ...alice.state, channel: { ...alice.channel, durable: { ...durable, params } } }
    for (const input of [block(HEIGHT, [coinbase]), { type: 'funding_found', tx: coinbase, height: HEIGHT } as const]) {
      const hand = new Hand('alice', state, HEIGHT)
      hand.give(input)
      expect(hand.state.funding?.coinbase).toBe(true)
      hand.give(block(HEIGHT + 98))
      expect(hand.channel.state).toBe('wait_for_funding_confirmed')
      hand.give(block(HEIGHT + 99))
      expect(hand.channel.state).toBe('wait_for_channel_ready')
    }
  })
})

function nothing(): Tx {
  return { version: 2, inputs: [], outputs: [], locktime: 0 }
}
