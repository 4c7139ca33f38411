import { describe, expect, test } from 'vitest'
import { pmapGet, sat, utf8Encode } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { sha256, signEcdsa } from '../../src/crypto/index.ts'
import type { EngineEffect } from '../../src/engine/index.ts'
import { GOSSIP } from '../../src/gossip/index.ts'
import { channelAnnouncementDigest, fundingScriptOf, signedDigest } from '../../src/gossip/messages.ts'
import {
  type ChannelAnnouncement,
  type ChannelUpdate,
  decodeMessage,
  encodeMessage,
  type Message,
  type ShortChannelId,
  shortChannelId,
} from '../../src/wire/index.ts'
import { announcement, party, update } from '../gossip/fixture.ts'
import type { Limits, Side } from './side.ts'
import { Stage } from './stage.ts'

// A peer that lies, floods or repeats itself: what a whole engine does about it (BOLT 7), and what it keeps of it.

const DAY_MS = 86_400_000
const [DAVE, ERIN, MALLORY] = [party('dave'), party('erin'), party('mallory')]

/** Alice hears what Bob's connection is made to say. */
function stageOfTwo(limits: Limits = {}) {
  const stage = new Stage()
  const alice = stage.side('alice', limits)
  const bob = stage.side('bob')
  stage.connect(alice, bob)
  stage.mine(20)
  const say = (message: Message | Uint8Array): readonly EngineEffect[] => {
    const bytes = message instanceof Uint8Array ? message : encodeMessage(message)
    const connection = stage.wireOf(alice, bob)
    return alice.turn({ type: 'received', connection, nodeId: bob.id, bytes })
  }
  return { stage, alice, bob, say }
}

/** A funding of Dave's and Erin's on the chain, six blocks deep. */
function funded(stage: Stage): { readonly id: ShortChannelId; readonly announced: ChannelAnnouncement } {
  // The keys of the fixture go by an id, which stands before the chain has found a place for the funding.
  const planned = shortChannelId({ blockHeight: 7, txIndex: 7, outputIndex: 7 })
  const paid = stage.chain.fund(fundingScriptOf(announcement(DAVE, ERIN, planned)), sat(1_000_000))
  if (!paid.ok) throw new Error('the miner has coins')
  const { transactions, height } = stage.chain.tip
  const txIndex = transactions.findIndex(tx => txid(tx) === paid.value.txid)
  const id = shortChannelId({ blockHeight: height, txIndex, outputIndex: paid.value.outpoint.vout })
  stage.mine(5)
  return { id, announced: resigned(announcement(DAVE, ERIN, planned), id, planned) }
}

function resigned(planned: ChannelAnnouncement, id: ShortChannelId, plannedId: ShortChannelId): ChannelAnnouncement {
  const moved = { ...planned, shortChannelId: id }
  const digest = channelAnnouncementDigest(moved)
  const [first, second] = DAVE.id < ERIN.id ? [DAVE, ERIN] : [ERIN, DAVE]
  const bitcoin = (name: string) => sha256(utf8Encode(`${name} ${plannedId}`))
  return {
    ...moved,
    nodeSignature1: signEcdsa(digest, first.secret),
    nodeSignature2: signEcdsa(digest, second.secret),
    bitcoinSignature1: signEcdsa(digest, bitcoin(first.name)),
    bitcoinSignature2: signEcdsa(digest, bitcoin(second.name)),
  }
}

const messagesIn = (effects: readonly EngineEffect[]): readonly Message[] =>
  effects.flatMap(effect => {
    const message = effect.type === 'send' ? decodeMessage(effect.bytes) : undefined
    return message?.ok === true && message.value.type !== 'unknown' ? [message.value] : []
  })
const isClosed = (effects: readonly EngineEffect[]) => effects.some(({ type }) => type === 'close')
const isAsked = (effects: readonly EngineEffect[]) => effects.some(({ type }) => type === 'check_funding')
const channelsOf = (side: Side) => side.state.gossip.graph.channelCount

/** An update of the channel at this time of the stage. */
function updateOf(stage: Stage, id: ShortChannelId, change: Partial<ChannelUpdate> = {}): ChannelUpdate {
  return update(DAVE, ERIN, id, { timestamp: Math.floor(stage.now / 1000), ...change })
}

describe('a channel that was announced', () => {
  test('is believed when the chain has it, and told of with its first update', () => {
    const { stage, alice, say } = stageOfTwo()
    const { id, announced } = funded(stage)
    expect(isAsked(say(announced))).toBe(true)
    expect(channelsOf(alice)).toBe(0)
    stage.settle()
    expect(channelsOf(alice)).toBe(1)
    say(updateOf(stage, id))
    stage.wait(1_000)
    expect([...alice.records.keys()].filter(key => key.startsWith(GOSSIP))).toHaveLength(2)
  })

  test.each(['nodeSignature1', 'nodeSignature2', 'bitcoinSignature1', 'bitcoinSignature2'] as const)(
    'with a wrong %s ends the connection with a warning, and the chain is not asked',
    field => {
      const { stage, alice, bob, say } = stageOfTwo()
      const { announced } = funded(stage)
      const good = announced[field]
      const effects = say({ ...announced, [field]: good.with(5, (good[5] ?? 0) ^ 1) })
      expect(isAsked(effects)).toBe(false)
      expect(isClosed(effects)).toBe(true)
      expect(messagesIn(effects).map(({ type }) => type)).toEqual(['warning'])
      expect(alice.isUp(bob.id)).toBe(false)
    },
  )

  test('that the chain does not have is asked for once in an hour, whoever repeats it', () => {
    const { stage, alice, say } = stageOfTwo()
    const lie = announcement(DAVE, ERIN, shortChannelId({ blockHeight: 3, txIndex: 0, outputIndex: 0 }))
    expect(isAsked(say(lie))).toBe(true)
    stage.settle()
    expect(channelsOf(alice)).toBe(0)
    for (let i = 0; i < 5; i++) expect(isAsked(say(lie))).toBe(false)
    expect(alice.state.gossip.pending.size).toBe(0)
    stage.wait(DAY_MS)
    expect(isAsked(say(lie))).toBe(true)
  })
})

describe('an update', () => {
  function known(limits: Limits = {}) {
    const made = stageOfTwo(limits)
    const { id, announced } = funded(made.stage)
    made.say(announced)
    made.stage.settle()
    expect(channelsOf(made.alice)).toBe(1)
    return { ...made, id }
  }

  test('with a wrong signature ends the connection, and changes nothing', () => {
    const { stage, alice, say, id } = known()
    const { graph } = alice.state.gossip
    const forged = updateOf(stage, id)
    const effects = say({ ...forged, signature: signEcdsa(signedDigest(forged), MALLORY.secret) })
    expect(isClosed(effects)).toBe(true)
    expect(alice.state.gossip.graph).toBe(graph)
  })

  test('that is repeated, or older, or of tomorrow, is passed over in silence', () => {
    const { stage, alice, say, id } = known()
    say(updateOf(stage, id))
    stage.wait(1_000)
    const { graph } = alice.state.gossip
    const seconds = Math.floor(stage.now / 1000)
    for (const timestamp of [seconds - 1, seconds - 3_600, seconds + 100_000]) {
      const effects = say(updateOf(stage, id, { timestamp }))
      expect(effects.filter(({ type }) => type !== 'wake')).toEqual([])
    }
    expect(alice.state.gossip.graph).toBe(graph)
    expect(alice.lastCommit).toEqual([])
  })

  test('comes too often: the channel keeps some, and nothing is stored of the rest', () => {
    const { stage, alice, say, id } = known()
    const seconds = Math.floor(stage.now / 1000)
    for (let i = 0; i < 50; i++) say(updateOf(stage, id, { timestamp: seconds + i, feeBaseMsat: i as never }))
    // A burst of ten.
    expect(alice.state.unsaved?.count).toBe(1 + 10)
  })

  test('of channels that nobody knows: what is wanted of them has a bound, and so has what one peer may make us verify', () => {
    const { stage, alice, bob, say, id } = known({ gossip: { verificationsAtOnce: 20, verificationsPerSecond: 1 } })
    for (let i = 0; i < 600; i++) {
      say(updateOf(stage, shortChannelId({ blockHeight: 1, txIndex: i, outputIndex: 0 })))
    }
    expect(alice.state.gossip.wanted.size).toBeLessThanOrEqual(500)
    // Four were spent on the announcement.
    const left = () => pmapGet(alice.state.gossip.peers, bob.id)?.verifications.left
    expect(left()).toBeGreaterThanOrEqual(16)
    const before = left() ?? 0
    for (let i = 0; i < 9; i++) say(updateOf(stage, id, { timestamp: Math.floor(stage.now / 1000) + i }))
    expect(left()).toBe(before - 9)
  })
})

test('announcements that wait for the chain have a bound for each peer', () => {
  const { stage, alice, say } = stageOfTwo({ gossip: { maxPendingOfPeer: 5 } })
  let asked = 0
  for (let i = 0; i < 12; i++) {
    const lie = announcement(DAVE, ERIN, shortChannelId({ blockHeight: 2, txIndex: i, outputIndex: 0 }))
    if (isAsked(say(lie))) asked += 1
  }
  expect(asked).toBe(5)
  expect(alice.state.gossip.pending.size).toBe(5)
  stage.settle()
  expect(alice.state.gossip.pending.size).toBe(0)
})

test('a second query before the first is answered, and replies that nobody asked for, end or mean nothing (BOLT 7)', () => {
  const { alice, bob, stage, say } = stageOfTwo()
  const { chainHash } = alice.context()
  const unasked = {
    type: 'reply_channel_range',
    chainHash,
    firstBlocknum: 0,
    numberOfBlocks: 5,
    syncComplete: true,
  } as const
  expect(say({ ...unasked, shortChannelIds: [] })).toEqual([])
  const query = { type: 'query_short_channel_ids', chainHash, shortChannelIds: [] } as const
  expect(messagesIn(say(query)).map(({ type }) => type)).toEqual(['reply_short_channel_ids_end'])
  expect(alice.isUp(bob.id)).toBe(true)
  stage.settle()
})

test('signatures for a channel that is not there are answered with a warning', () => {
  const { say, alice, bob } = stageOfTwo()
  const effects = say({
    type: 'announcement_signatures',
    channelId: '5a'.repeat(32) as never,
    shortChannelId: shortChannelId({ blockHeight: 1, txIndex: 1, outputIndex: 0 }),
    nodeSignature: new Uint8Array(64),
    bitcoinSignature: new Uint8Array(64),
  })
  expect(messagesIn(effects).map(({ type }) => type)).toEqual(['warning'])
  expect(alice.isUp(bob.id)).toBe(true)
})
