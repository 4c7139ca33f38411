import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ChannelId, msat, toHex } from '../../src/base/index.ts'
import { channelIdOf } from '../../src/channel/index.ts'
import { type EngineState, type EngineStep, NEW_ENGINE } from '../../src/engine/index.ts'
import { encodeMessage, isChannelMessage, type Message, type OpenChannel } from '../../src/wire/index.ts'
import { addCommand, openRequest } from '../node/pair.ts'
import { arbitraryMessage } from '../wire/arbitraries.ts'
import { connected, effectsOf, Hand, HEIGHT, load, OTHER_ID, sent, snapshots, ZERO_ID } from './opened.ts'

// BOLT 1: what a peer may send, and what becomes of it when it is no message, or none about our channel.

const all = await snapshots()
const online: EngineState = { ...NEW_ENGINE, connection: 'connected' }
const text = (message: Message) => ('data' in message ? new TextDecoder().decode(message.data) : '')

/** Nothing at all happened. */
function expectNothing(hand: Hand, give: () => EngineStep): void {
  const before = hand.state
  expect(give()).toEqual({ next: before, writes: [], effects: [] })
}

function expectClosed({ next, writes, effects }: EngineStep, before: EngineState): void {
  expect(effects.at(-1)).toEqual({ type: 'close_connection' })
  expect(writes).toEqual([])
  expect(next).toBe(before)
}

/** An `open_channel` as a peer sends it. */
function openChannel(temporaryChannelId: ChannelId = OTHER_ID): OpenChannel {
  const [message] = sent(
    new Hand('bob', online).give({ type: 'open', request: { ...openRequest(), temporaryChannelId } }),
  )
  if (message?.type !== 'open_channel') throw new Error('an opener sends open_channel')
  return message
}

describe('bytes that are no message', () => {
  test.each([
    ['nothing', new Uint8Array(0)],
    ['half a type', Uint8Array.of(0)],
    ['an unknown even type', Uint8Array.of(0x7f, 0xfe, 1, 2, 3)],
    [
      'a message that is cut off',
      encodeMessage({ type: 'shutdown', channelId: OTHER_ID, scriptpubkey: Uint8Array.of(0) }).subarray(0, 20),
    ],
    ['more than a message may hold', new Uint8Array(65_536).fill(1)],
  ])('%s: the connection ends, the channel does not', (_, bytes) => {
    for (const state of [online, connected(all.withHtlcs).alice.state]) {
      const hand = new Hand('alice', state)
      expectClosed(hand.give({ type: 'received', bytes }), state)
    }
  })

  test('whatever comes, the engine answers, and stays as it was or takes a legal step', () => {
    const states = [online, ...(['unconfirmed', 'normal', 'withHtlcs', 'closing', 'closed'] as const).map(open)]
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .tuple(
          fc.constantFrom(1, 17, 32, 33, 34, 35, 36, 38, 39, 40, 41, 128, 130, 131, 132, 133, 134, 135, 136),
          fc.uint8Array({ maxLength: 1600 }),
        )
        .map(([type, rest]) => Uint8Array.of(0, type, ...rest)),
    )
    fc.assert(
      fc.property(fc.constantFrom(...states), bytes, (state, received) => {
        new Hand('alice', state).give({ type: 'received', bytes: received })
      }),
      { numRuns: 2_000 },
    )
  })

  test('messages of a real channel with bytes changed never stop the engine', () => {
    const messages = realMessages()
    fc.assert(
      fc.property(
        fc.constantFrom(...messages),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
        (bytes, edits) => {
          const changed = bytes.slice()
          for (const [at, value] of edits) changed[2 + (at % (bytes.length - 2))] = value
          const { alice } = connected(all.withHtlcs)
          alice.give({ type: 'received', bytes: changed })
          alice.give({ type: 'end_of_turn' })
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('messages that belong to the connection', () => {
  test.each([
    { type: 'ping', numPongBytes: 3, ignored: new Uint8Array(2) },
    { type: 'pong', ignored: new Uint8Array(2) },
    { type: 'init', globalfeatures: new Uint8Array(0), features: new Uint8Array(0) },
  ] as const)('$type is for the floor that keeps the connection, and means nothing here', message => {
    const { alice } = connected(all.normal)
    expectNothing(alice, () => alice.receive(message))
  })

  test('so is an unknown odd type', () => {
    const { alice } = connected(all.normal)
    expectNothing(alice, () => alice.give({ type: 'received', bytes: Uint8Array.of(0x7f, 0xff, 1, 2, 3) }))
  })

  test('so is whatever the channel does not know: gossip, onion messages, dual funding, splicing', () => {
    const { alice } = connected(all.normal)
    const elsewhere = arbitraryMessage.filter(
      message => !isChannelMessage(message) && message.type !== 'error' && message.type !== 'warning',
    )
    fc.assert(fc.property(elsewhere, message => expectNothing(alice, () => alice.receive(message))))
  })

  test('but gossip that is cut off is no message', () => {
    const { alice } = connected(all.normal)
    const before = alice.state
    expectClosed(alice.give({ type: 'received', bytes: Uint8Array.of(1, 0, 1, 2, 3) }), before)
  })
})

describe('messages about a channel that we do not know', () => {
  const stranger: readonly Message[] = [
    { type: 'shutdown', channelId: OTHER_ID, scriptpubkey: Uint8Array.of(0, 1) },
    { type: 'update_fee', channelId: OTHER_ID, feeratePerKw: openFeerate() },
    reestablish(OTHER_ID),
  ]

  test.each(stranger)('$type is answered with an error for that channel (BOLT 1, error, sender)', message => {
    for (const state of [online, connected(all.normal).alice.state]) {
      const hand = new Hand('alice', state)
      const step = hand.receive(message)
      expect(sent(step)).toEqual([{ type: 'error', channelId: OTHER_ID, data: expect.anything() }])
      expect(text(sent(step)[0] as Message)).toMatch(/no such channel/)
      expect(step.effects).toHaveLength(1)
      expect(step.next).toBe(state)
    }
  })

  test.each(['error', 'warning'] as const)('an %s about one is not', type => {
    const { alice } = connected(all.normal)
    expectNothing(alice, () => alice.receive({ type, channelId: OTHER_ID, data: new Uint8Array(3) }))
    const empty = new Hand('alice', online)
    expectNothing(empty, () => empty.receive({ type, channelId: ZERO_ID, data: new Uint8Array(3) }))
  })

  test('a channel whose opening ended is none any more: the peer that kept it learns so', () => {
    const alice = new Hand('alice', online)
    alice.give({ type: 'open', request: openRequest() })
    alice.give({ type: 'disconnected' })
    alice.give({ type: 'connected' })
    expect(sent(alice.receive(reestablish(openRequest().temporaryChannelId))).map(({ type }) => type)).toEqual([
      'error',
    ])
  })
})

describe('the id that is all zero stands for all channels, in errors and warnings only', () => {
  test('an error fails the channel', () => {
    const { alice } = connected(all.normal)
    alice.receive({ type: 'error', channelId: ZERO_ID, data: new Uint8Array(0) })
    expect(alice.channel.state).toBe('closing')
  })

  test('a warning is told', () => {
    const { alice } = connected(all.normal)
    const told = effectsOf(alice.receive({ type: 'warning', channelId: ZERO_ID, data: new Uint8Array(0) }), 'event')
    expect(told.map(({ event }) => event.type)).toEqual(['peer_said'])
    expect(alice.channel.state).toBe('normal')
  })

  test('anything else under it ends the connection, and an answer never fails all channels', () => {
    const { alice } = connected(all.normal)
    for (const message of [
      { type: 'shutdown', channelId: ZERO_ID, scriptpubkey: new Uint8Array(0) },
      reestablish(ZERO_ID),
      { ...openChannel(), temporaryChannelId: ZERO_ID },
    ] as const) {
      const before = alice.state
      const step = alice.receive(message)
      expectClosed(step, before)
      expect(sent(step).map(({ type }) => type)).toEqual(['warning'])
    }
  })
})

describe('the temporary id', () => {
  test('names a channel in an error, also when it has its final id', () => {
    const { alice } = connected(all.normal)
    const { temporaryChannelId } = alice.channel.durable.params
    alice.receive({ type: 'error', channelId: temporaryChannelId, data: new Uint8Array(0) })
    expect(alice.channel.state).toBe('closing')
  })

  test('is not the name of a funded channel in its other messages', () => {
    const { alice } = connected(all.normal)
    const { temporaryChannelId } = alice.channel.durable.params
    const before = alice.state
    const step = alice.receive({ type: 'shutdown', channelId: temporaryChannelId, scriptpubkey: new Uint8Array(0) })
    expectClosed(step, before)
  })
})

describe('open_channel', () => {
  test('is answered where there is no channel, and where the last opening ended', () => {
    const bob = new Hand('alice', online)
    for (let i = 0; i < 2; i++) {
      expect(sent(bob.receive(openChannel())).map(({ type }) => type)).toEqual(['accept_channel'])
      bob.give({ type: 'disconnected' })
      bob.give({ type: 'connected' })
      expect(bob.state.channel?.state).toBe('aborted')
    }
  })

  test.each(['unconfirmed', 'normal', 'closing', 'closed'] as const)(
    'is refused beside a channel that is %s, whose records and keys are in use for good',
    name => {
      const alice = new Hand('alice', open(name))
      const before = alice.state
      const step = alice.receive(openChannel())
      expect(sent(step)).toEqual([{ type: 'error', channelId: OTHER_ID, data: expect.anything() }])
      expect(text(sent(step)[0] as Message)).toMatch(/one channel/)
      expect(step.next).toBe(before)
    },
  )

  test('is refused while another is being opened, by either side', () => {
    const opener = new Hand('alice', online)
    opener.give({ type: 'open', request: openRequest() })
    const accepter = new Hand('alice', online)
    accepter.receive(openChannel(openRequest().temporaryChannelId))
    for (const hand of [opener, accepter]) {
      const before = hand.state
      expect(sent(hand.receive(openChannel())).map(({ type }) => type)).toEqual(['error'])
      expect(hand.state).toBe(before)
    }
  })

  test('under an id that is in use ends the connection: an error under it would fail the channel that has it', () => {
    const { alice } = connected(all.normal)
    const { channelId, temporaryChannelId } = alice.channel.durable.params
    for (const taken of [channelId, temporaryChannelId]) {
      const before = alice.state
      const step = alice.receive({ ...openChannel(), temporaryChannelId: taken })
      expectClosed(step, before)
      expect(sent(step)).toEqual([{ type: 'warning', channelId: ZERO_ID, data: expect.anything() }])
    }
  })

  test('whose terms break a rule is refused, and the next one may be right', () => {
    const alice = new Hand('alice', online)
    const step = alice.receive({ ...openChannel(), pushMsat: msat(10n ** 15n) })
    expect(sent(step).map(({ type }) => type)).toEqual(['error'])
    expect(alice.state.channel?.state).toBe('aborted')
    expect(sent(alice.receive(openChannel())).map(({ type }) => type)).toEqual(['accept_channel'])
  })
})

// ---------------------------------------------------------------------------------------------------------------------

function open(name: 'unconfirmed' | 'normal' | 'withHtlcs' | 'closing' | 'closed'): EngineState {
  const hand = new Hand('alice', load(all[name].alice))
  hand.give({ type: 'connected' })
  return hand.state
}

function openFeerate() {
  return openChannel().feeratePerKw
}

function reestablish(channelId: ChannelId): Message {
  const [message] = sent(new Hand('bob', load(all.normal.bob)).give({ type: 'connected' }))
  if (message?.type !== 'channel_reestablish') throw new Error('a connection begins with channel_reestablish')
  return { ...message, channelId }
}

/** One of each kind that Bob may send Alice with HTLCs in flight. */
function realMessages(): readonly Uint8Array[] {
  const { bob } = connected(all.withHtlcs)
  const reason = { type: 'fail', reason: new Uint8Array(10) } as const
  const steps = [
    new Hand('bob', load(all.withHtlcs.bob)).give({ type: 'connected' }),
    bob.give(addCommand({ payer: 'bob', amountMsat: msat(9_000_000n), index: 77 }, HEIGHT)),
    bob.give({ type: 'command', command: { type: 'resolve_htlc', id: 0, resolution: reason } }),
    bob.give({ type: 'end_of_turn' }),
    bob.give({ type: 'command', command: { type: 'shutdown' } }),
    bob.give({ type: 'command', command: { type: 'force_close', reason: 'x' } }),
  ]
  const messages = steps.flatMap(step => sent(step)).map(encodeMessage)
  if (new Set(messages.map(bytes => toHex(bytes.subarray(0, 2)))).size < 6) throw new Error('six kinds of messages')
  if (messages.some(bytes => !toHex(bytes).includes(channelIdOf(bob.channel)))) throw new Error('all about one channel')
  return messages
}
