import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ChannelId, pmapGet } from '../../src/base/index.ts'
import { isPeerMessage } from '../../src/channel/index.ts'
import { type EngineEffect, type EngineState, engineStep } from '../../src/engine/index.ts'
import { decodeMessage, encodeMessage, isGossip, type Message, type OpenChannel } from '../../src/wire/index.ts'
import { arbitraryMessage } from '../wire/arbitraries.ts'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// BOLT 1 and 2: what a peer may send, which channel it is for, and what becomes of it when it is for none.

const ZERO_ID = '00'.repeat(32) as ChannelId
const OTHER_ID = 'ab'.repeat(32) as ChannelId
const NOTHING = new Uint8Array(0)

/** Alice has a channel with Bob and one with Carol. */
function stageOfThree() {
  const stage = new Stage()
  const [bob, alice, carol] = stage.sidesOf(['bob', 'alice', 'carol'])
  const withBob = stage.ready(bob, alice, { push: 50_000n })
  const withCarol = stage.ready(alice, carol, { push: 50_000n })
  return { stage, alice, bob, carol, withBob, withCarol }
}

/** What a message brings about on Alice's side. */
function heard(stage: Stage, from: Side, message: Message | Uint8Array) {
  const alice = stage.sides.get('alice')
  if (alice === undefined) throw new Error('Alice is there')
  const before = alice.state
  const connection = stage.wireOf(from, alice)
  const bytes = message instanceof Uint8Array ? message : encodeMessage(message)
  const effects = alice.turn({ type: 'received', connection, nodeId: from.id, bytes })
  return { before, after: alice.state, effects, sent: sent(effects) }
}

function sent(effects: readonly EngineEffect[]): readonly Message[] {
  return effects.flatMap(effect => {
    const decoded = effect.type === 'send' ? decodeMessage(effect.bytes) : undefined
    // We send nothing that we do not know.
    return decoded?.ok === true ? [decoded.value as Message] : []
  })
}

const closes = (effects: readonly EngineEffect[]) => effects.filter(({ type }) => type === 'close').length
const stateOf = (side: Side, id: ChannelId) => side.link(id).state.channel?.state

/** An `open_channel` as Bob sends it. */
function openChannel(stage: Stage, from: Side, to: Side, temporaryChannelId: ChannelId): OpenChannel {
  let message: OpenChannel | undefined
  stage.onSent = (_, bytes) => {
    const decoded = decodeMessage(bytes)
    if (decoded.ok && decoded.value.type === 'open_channel') message = decoded.value
  }
  stage.askToOpen(from, to, { capacity: 100_000n })
  if (message === undefined) throw new Error('an opener sends open_channel')
  return { ...message, temporaryChannelId }
}

describe('bytes that are no message', () => {
  test.each([
    ['nothing', NOTHING],
    ['half a type', Uint8Array.of(0)],
    ['an unknown even type', Uint8Array.of(0x7f, 0xfe, 1, 2, 3)],
    [
      'a message that is cut off',
      encodeMessage({ type: 'shutdown', channelId: OTHER_ID, scriptpubkey: NOTHING }).subarray(0, 20),
    ],
    ['gossip that is cut off', Uint8Array.of(1, 0, 1, 2, 3)],
  ])('%s: the connection ends, the channels do not', (_, bytes) => {
    const { stage, alice, bob, carol, withBob, withCarol } = stageOfThree()
    const { effects } = heard(stage, bob, bytes)
    expect(closes(effects)).toBe(1)
    expect(alice.isUp(bob.id)).toBe(false)
    expect(alice.isUp(carol.id)).toBe(true)
    for (const id of [withBob, withCarol]) expect(stateOf(alice, id)).toBe('normal')
  })

  test('messages of a real channel with bytes changed never stop the engine, and never touch the channel of another peer', () => {
    const { stage, alice, bob, withCarol } = stageOfThree()
    const messages: Uint8Array[] = []
    stage.onSent = (from, bytes) => from === bob && messages.push(bytes)
    stage.keysend(bob, alice, 1_000n)
    stage.keysend(alice, bob, 1_000n)
    stage.settle()
    stage.cut(alice, bob)
    stage.connect(bob, alice)
    const start = alice.state
    const others = alice.link(withCarol)
    const connection = stage.wireOf(alice, bob)
    fc.assert(
      fc.property(
        fc.constantFrom(...messages),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
        (bytes, edits) => {
          const changed = bytes.slice()
          for (const [at, value] of edits) changed[2 + (at % (bytes.length - 2))] = value
          const received = { type: 'received', connection, nodeId: bob.id, bytes: changed } as const
          const heardIt = engineStep(start, received, alice.context())
          const { next } = engineStep(heardIt.next, { type: 'end_of_turn' }, alice.context())
          expect(pmapGet(next.links, String(others.index))).toBe(others)
        },
      ),
      { numRuns: 150 },
    )
  })
})

test('what no channel knows means nothing to it (gossip, onion messages), or is an extension that was not agreed on, and ends the connection', () => {
  const { stage, bob, alice, withBob } = stageOfThree()
  const { index } = alice.link(withBob)
  const own = new Set(['init', 'ping', 'pong'])
  const elsewhere = arbitraryMessage.filter(message => !own.has(message.type) && !isPeerMessage(message))
  const start = alice.state
  const connection = stage.wireOf(alice, bob)
  fc.assert(
    fc.property(elsewhere, message => {
      const received = { type: 'received', connection, nodeId: bob.id, bytes: encodeMessage(message) } as const
      const { effects, next, writes } = engineStep(start, received, alice.context())
      const channelOf = (state: EngineState) => pmapGet(state.links, String(index))?.state.channel
      if (closes(effects) > 0) expect(channelOf(next)?.state).toBe('normal')
      else if (isGossip(message)) expect(channelOf(next)).toBe(channelOf(start))
      else expect({ effects, writes, next }).toEqual({ effects: [], writes: [], next: start })
    }),
    { numRuns: 50 },
  )
})

describe('a channel that is not there', () => {
  test.each(['shutdown', 'update_fee', 'channel_reestablish', 'funding_signed'] as const)(
    '%s is answered with an error for that id (BOLT 1, error, sender)',
    type => {
      const { stage, bob } = stageOfThree()
      const messages = {
        shutdown: { type: 'shutdown', channelId: OTHER_ID, scriptpubkey: NOTHING },
        update_fee: { type: 'update_fee', channelId: OTHER_ID, feeratePerKw: 1_000 as never },
        channel_reestablish: {
          type: 'channel_reestablish',
          channelId: OTHER_ID,
          nextCommitmentNumber: 1,
          nextRevocationNumber: 0,
          yourLastPerCommitmentSecret: new Uint8Array(32),
          myCurrentPerCommitmentPoint: bob.context().nodeSecret.length === 32 ? curvePoint(bob) : NOTHING,
        },
        funding_signed: { type: 'funding_signed', channelId: OTHER_ID, signature: new Uint8Array(64) },
      } as unknown as Record<typeof type, Message>
      const { sent: said, before, after, effects } = heard(stage, bob, messages[type])
      expect(said).toEqual([{ type: 'error', channelId: OTHER_ID, data: expect.anything() }])
      expect(closes(effects)).toBe(0)
      expect(after.links).toBe(before.links)
    },
  )

  test.each(['error', 'warning'] as const)('an %s about one is not', type => {
    const { stage, bob } = stageOfThree()
    const { effects, after, before } = heard(stage, bob, { type, channelId: OTHER_ID, data: new Uint8Array(3) })
    expect(effects).toEqual([])
    expect(after.links).toBe(before.links)
  })

  test('the channel of another peer is none of this one', () => {
    const { stage, alice, bob, withCarol } = stageOfThree()
    const data = new Uint8Array(3)
    expect(heard(stage, bob, { type: 'error', channelId: withCarol, data }).effects).toEqual([])
    const { sent: said } = heard(stage, bob, { type: 'shutdown', channelId: withCarol, scriptpubkey: NOTHING })
    expect(said.map(({ type }) => type)).toEqual(['error'])
    expect(stateOf(alice, withCarol)).toBe('normal')
  })

  test('nor is one whose opening ended: the peer that kept it learns so', () => {
    const { stage, alice, bob } = stageOfThree()
    stage.askToOpen(alice, bob, { capacity: 100_000n })
    const wire = stage.wireOf(alice, bob)
    for (const to of [bob, alice, bob]) stage.deliver(wire, to)
    stage.cut(alice, bob)
    stage.wait(60_000)
    expect(bob.channelStates(alice.id)).toEqual(['normal', 'closing'])
  })
})

describe('the id that is all zero stands for all channels with the peer, in errors and warnings only', () => {
  test('an error fails all of them, and no channel of others', () => {
    const { stage, alice, bob, withBob, withCarol } = stageOfThree()
    stage.mine()
    const second = stage.ready(alice, bob, { capacity: 100_000n })
    heard(stage, bob, { type: 'error', channelId: ZERO_ID, data: NOTHING })
    for (const id of [withBob, second]) expect(stateOf(alice, id)).toBe('closing')
    expect(stateOf(alice, withCarol)).toBe('normal')
  })

  test('a warning is told', () => {
    const { stage, alice, bob, withBob } = stageOfThree()
    heard(stage, bob, { type: 'warning', channelId: ZERO_ID, data: NOTHING })
    expect(alice.eventsOf('peer_said')).toMatchObject([{ kind: 'warning', channelId: withBob, peer: bob.id }])
    expect(stateOf(alice, withBob)).toBe('normal')
  })

  test('anything else under it ends the connection, and the answer never fails all channels', () => {
    for (const make of [
      () => ({ type: 'shutdown', channelId: ZERO_ID, scriptpubkey: NOTHING }) as const,
      (stage: Stage, bob: Side, carol: Side) => openChannel(stage, bob, carol, ZERO_ID),
    ]) {
      const { stage, alice, bob, carol, withBob } = stageOfThree()
      stage.connect(bob, carol)
      const { effects, sent: said } = heard(stage, bob, make(stage, bob, carol))
      expect(said.map(({ type }) => type)).toEqual(['warning'])
      expect(closes(effects)).toBe(1)
      expect(stateOf(alice, withBob)).toBe('normal')
    }
  })
})

describe('the temporary id', () => {
  const temporaryOf = (side: Side, id: ChannelId) => {
    const { channel } = side.link(id).state
    if (channel === undefined || !('durable' in channel)) throw new Error('a funded channel')
    return channel.durable.params.temporaryChannelId
  }

  test('names a channel in an error, also when it has its final id', () => {
    const { stage, alice, bob, withBob } = stageOfThree()
    heard(stage, bob, { type: 'error', channelId: temporaryOf(alice, withBob), data: NOTHING })
    expect(stateOf(alice, withBob)).toBe('closing')
  })

  test('is not the name of a funded channel in its other messages', () => {
    const { stage, alice, bob, withBob } = stageOfThree()
    const channelId = temporaryOf(alice, withBob)
    const { effects, sent: said } = heard(stage, bob, { type: 'shutdown', channelId, scriptpubkey: NOTHING })
    expect(said.map(({ type }) => type)).toEqual(['warning'])
    expect(closes(effects)).toBe(1)
    expect(stateOf(alice, withBob)).toBe('normal')
  })

  test('of an open_channel may be no id of this peer: an error under it would fail the channel that has it', () => {
    for (const pick of [(_: Side, id: ChannelId) => id, temporaryOf]) {
      const { stage, alice, bob, carol, withBob } = stageOfThree()
      stage.connect(bob, carol)
      const taken = pick(alice, withBob)
      const { effects, sent: said } = heard(stage, bob, openChannel(stage, bob, carol, taken))
      expect(said).toEqual([{ type: 'warning', channelId: ZERO_ID, data: expect.anything() }])
      expect(closes(effects)).toBe(1)
      expect(stateOf(alice, withBob)).toBe('normal')
      expect(alice.links).toHaveLength(2)
    }
  })

  test('nor one of another peer: it is refused, and nobody else notices', () => {
    const { stage, alice, bob, carol, withCarol } = stageOfThree()
    stage.connect(bob, carol)
    const { sent: said } = heard(stage, bob, openChannel(stage, bob, carol, withCarol))
    expect(said).toEqual([{ type: 'warning', channelId: ZERO_ID, data: expect.anything() }])
    expect(alice.links).toHaveLength(2)
    expect(stateOf(alice, withCarol)).toBe('normal')
  })
})

describe('how many channels are opened', () => {
  const limits = { engine: { maxUnfundedPerPeer: 2, maxUnfundedOfStrangers: 3, maxChannelsPerPeer: 3 } }

  test('a peer may open a few at once, and a few in all', () => {
    const stage = new Stage()
    const bob = stage.side('bob', limits)
    const [alice] = stage.sidesOf(['alice'], { coins: Array.from({ length: 5 }, () => 150_000n) })
    stage.connect(alice, bob)
    const open = () => {
      const request = stage.askToOpen(alice, bob, { capacity: 50_000n })
      stage.settle()
      return alice.replyTo(request)?.type
    }
    expect([open(), open(), open()]).toEqual(['opened', 'opened', 'failed'])
    stage.mine(4)
    expect([open(), open()]).toEqual(['opened', 'failed'])
    stage.close(alice, alice.channels()[0]?.durable.params.channelId ?? ZERO_ID)
    stage.mine(8)
    expect(open()).toBe('opened')
  })

  test('strangers together may open a few; who has a channel may go on, and so may our own user', () => {
    const stage = new Stage()
    const bob = stage.side('bob', limits)
    const names = ['alice', 'carol', 'dave', 'eve', 'frank']
    const [friend, ...strangers] = names.map(name => stage.side(name))
    if (friend === undefined) throw new Error('five sides')
    for (const side of [friend, ...strangers, bob]) for (const coin of [200_000n, 200_000n]) side.fund(coin)
    stage.catchUp()
    for (const side of [friend, ...strangers]) stage.connect(side, bob)
    stage.ready(friend, bob, { capacity: 50_000n })
    const open = (from: Side, to: Side) => {
      const request = stage.askToOpen(from, to, { capacity: 50_000n })
      stage.settle()
      return from.replyTo(request)?.type
    }
    expect(strangers.map(side => open(side, bob))).toEqual(['opened', 'opened', 'opened', 'failed'])
    expect(open(friend, bob)).toBe('opened')
    const last = strangers[3]
    if (last === undefined) throw new Error('four strangers')
    // Strangers cannot keep our own user from opening a channel.
    expect(open(bob, last)).toBe('opened')
  })
})

function curvePoint(side: Side): Uint8Array {
  const { id } = side
  return Uint8Array.from({ length: 33 }, (_, index) => Number.parseInt(id.slice(2 * index, 2 * index + 2), 16))
}
