import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ChannelId, msat, toHex } from '../../src/base/index.ts'
import { channelIdOf, isPeerMessage } from '../../src/channel/index.ts'
import { type LinkState, type LinkStep, NEW_LINK } from '../../src/link/index.ts'
import { decodeMessage, encodeMessage, type Message, type OpenChannel } from '../../src/wire/index.ts'
import { addCommand, openRequest } from '../node/pair.ts'
import { connected, effectsOf, Hand, HEIGHT, load, OTHER_ID, sent, snapshots, ZERO_ID } from './opened.ts'

// What a peer may say about a channel, and what becomes of it when it makes no sense.

const all = await snapshots()
const online: LinkState = { ...NEW_LINK, connection: 'connected' }

/** Nothing at all happened. */
function expectNothing(hand: Hand, give: () => LinkStep): void {
  const before = hand.state
  expect(give()).toEqual({ next: before, writes: [], effects: [] })
}

/** An `open_channel` as a peer sends it. */
function openChannel(temporaryChannelId: ChannelId = OTHER_ID): OpenChannel {
  const [message] = sent(
    new Hand('bob', online).give({ type: 'open', request: { ...openRequest(), temporaryChannelId } }),
  )
  if (message?.type !== 'open_channel') throw new Error('an opener sends open_channel')
  return message
}

describe('whatever a peer says', () => {
  test('messages of a real channel with bytes changed never stop the link', () => {
    const messages = realMessages()
    fc.assert(
      fc.property(
        fc.constantFrom(...messages),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
        (bytes, edits) => {
          const changed = bytes.slice()
          for (const [at, value] of edits) changed[2 + (at % (bytes.length - 2))] = value
          const { alice } = connected(all.withHtlcs)
          const decoded = decodeMessage(changed)
          if (!decoded.ok || !isPeerMessage(decoded.value)) return
          alice.give({ type: 'message', message: decoded.value })
          alice.give({ type: 'end_of_turn' })
        },
      ),
      { numRuns: 200 },
    )
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
})

describe('the temporary id', () => {
  test('names a channel in an error, also when it has its final id', () => {
    const { alice } = connected(all.normal)
    const { temporaryChannelId } = alice.channel.durable.params
    alice.receive({ type: 'error', channelId: temporaryChannelId, data: new Uint8Array(0) })
    expect(alice.channel.state).toBe('closing')
  })
})

describe('open_channel', () => {
  test('begins a link, once', () => {
    const bob = new Hand('alice', online)
    expect(sent(bob.receive(openChannel())).map(({ type }) => type)).toEqual(['accept_channel'])
    bob.give({ type: 'disconnected' })
    bob.give({ type: 'connected' })
    expect(bob.state.channel?.state).toBe('aborted')
    expectNothing(bob, () => bob.receive(openChannel()))
  })

  test('anything else begins none', () => {
    const bob = new Hand('bob', online)
    expectNothing(bob, () => bob.receive(reestablish(OTHER_ID)))
  })

  test('whose terms break a rule is refused', () => {
    const alice = new Hand('alice', online)
    const step = alice.receive({ ...openChannel(), pushMsat: msat(10n ** 15n) })
    expect(sent(step).map(({ type }) => type)).toEqual(['error'])
    expect(alice.state.channel?.state).toBe('aborted')
  })

  test('under an id that another channel of the node has is refused: an error under it would fail that one', () => {
    const alice = new Hand('alice', online)
    alice.context = { ...alice.context, channelIdsInUse: [OTHER_ID] }
    expect(sent(alice.receive(openChannel())).map(({ type }) => type)).toEqual(['warning'])
    expect(alice.state.channel?.state).toBe('aborted')
  })
})

// ---------------------------------------------------------------------------------------------------------------------

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
