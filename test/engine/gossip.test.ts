import { describe, expect, test } from 'vitest'
import { type ChannelId, msat, pmapGet, pmapValues } from '../../src/base/index.ts'
import {
  channelAt,
  channelRows,
  DEFAULT_GOSSIP_LIMITS,
  findChannel,
  findNode,
  GOSSIP,
  type GraphChannel,
  nodeAt,
  remotePolicy,
} from '../../src/gossip/index.ts'
import { shortChannelIdOf } from '../../src/link/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../../src/payment/index.ts'
import { decodeMessage, type Message, type ShortChannelId } from '../../src/wire/index.ts'
import { contentsOf } from '../gossip/fixture.ts'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// BOLT 7 over whole engines: channels of real fundings, announced, told on, asked for, spent and undone.

const FLUSH_MS = DEFAULT_GOSSIP_LIMITS.flushMs
/** BOLT 7, announcement_signatures: with the three blocks of `ready`. */
const MORE_BLOCKS = 3

/** Nodes in a row with a public channel between each two, known to all of them. */
function row<const N extends readonly string[]>(...names: N) {
  const stage = new Stage()
  const sides = stage.sidesOf(names)
  const ids: ChannelId[] = []
  const list: readonly Side[] = sides
  for (const [index, side] of list.entries()) {
    const next = list[index + 1]
    if (next !== undefined) ids.push(stage.ready(side, next, { capacity: 500_000n, push: 200_000n, announce: true }))
  }
  stage.mine(MORE_BLOCKS)
  // From neighbour to neighbour.
  for (let i = 0; i <= names.length; i++) stage.wait(FLUSH_MS)
  return { stage, sides, ids }
}

function scidOf(side: Side, id: ChannelId): ShortChannelId {
  const scid = shortChannelIdOf(side.link(id).state)
  if (scid === undefined) throw new Error('the channel has an id')
  return scid
}

function channelIn(side: Side, scid: ShortChannelId): GraphChannel | undefined {
  const { graph } = side.state.gossip
  const found = findChannel(graph, scid)
  return found === undefined ? undefined : channelAt(graph, found)
}

function record(stage: Stage) {
  const sent: { readonly from: string; readonly message: Message }[] = []
  stage.onSent = (from, bytes) => {
    const message = decodeMessage(bytes)
    if (message.ok && message.value.type !== 'unknown') sent.push({ from: from.name, message: message.value })
  }
  return sent
}

const gossipKeys = (side: Side) => [...side.records.keys()].filter(key => key.startsWith(GOSSIP))

describe('a public channel', () => {
  test('is announced by both at six confirmations, not before, with what each of them asks for', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const sent = record(stage)
    const id = stage.ready(alice, bob, { announce: true })
    stage.mine(2)
    expect(sent.filter(({ message }) => message.type === 'announcement_signatures')).toEqual([])
    expect(alice.state.gossip.graph.channelCount).toBe(0)
    stage.mine(1)
    expect(sent.filter(({ message }) => message.type === 'announcement_signatures')).toHaveLength(2)
    for (const side of [alice, bob]) {
      const channel = channelIn(side, scidOf(alice, id))
      expect(channel).toMatchObject({ nodeIds: [alice.id, bob.id].sort(), capacitySat: 200_000n })
      stage.wait(FLUSH_MS)
      for (const policy of channelIn(side, scidOf(alice, id))?.policies ?? []) {
        const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = DEFAULT_PAYMENT_LIMITS
        expect(policy).toMatchObject({ feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta, isDisabled: false })
      }
      for (const each of [alice, bob]) {
        const node = findNode(side.state.gossip.graph, each.id)
        expect(nodeAt(side.state.gossip.graph, node ?? -1).timestamp).toBe(
          Math.floor(stage.now / 1000) - (side === alice ? 60 : 120),
        )
      }
    }
  })

  test('is known to a whole row after some flushes, and to a newcomer who asks; a restart forgets none of it', () => {
    const { stage, sides } = row('alice', 'bob', 'carol', 'dave', 'erin')
    const [alice, , , , erin] = sides
    const all = contentsOf(alice.state.gossip.graph)
    expect(all.counts).toEqual([4, 5])
    for (const side of sides) expect(contentsOf(side.state.gossip.graph)).toEqual(all)
    for (const { policies } of all.channels) expect(policies.every(policy => policy !== undefined)).toBe(true)

    // Beyond the hour of gossip that everybody asks for: what comes now was queried.
    stage.wait(2 * 3_600_000)
    const zoe = stage.side('zoe')
    stage.catchUp()
    const sent = record(stage)
    stage.connect(zoe, erin)
    stage.wait(1_000)
    expect(contentsOf(zoe.state.gossip.graph)).toEqual(all)
    const kinds = new Set(sent.map(({ message }) => message.type))
    for (const type of ['query_channel_range', 'reply_channel_range', 'query_short_channel_ids'] as const) {
      expect(kinds).toContain(type)
    }
    stage.wait(1_000)
    stage.restart(zoe)
    expect(contentsOf(zoe.state.gossip.graph)).toEqual(all)
    for (const side of sides) {
      stage.restart(side)
      expect(contentsOf(side.state.gossip.graph)).toEqual(all)
    }
  })

  test('asks for something else as soon as its user wants it, and for nothing when it is to be left alone', () => {
    const { stage, sides, ids } = row('alice', 'bob', 'carol')
    const [alice, bob, carol] = sides
    const [channelId] = ids as [ChannelId]
    const direction = alice.id < bob.id ? 0 : 1
    const seen = () => channelIn(carol, scidOf(bob, channelId))?.policies[direction]
    const set = (change: object) => {
      alice.ask(request => ({ type: 'payment', input: { type: 'set_policy', request, channelId, ...change } }))
      stage.settle()
      for (let i = 0; i < 3; i++) stage.wait(FLUSH_MS)
    }
    set({ feeBaseMsat: msat(7_000), htlcMaximumMsat: msat(1_000_000) })
    expect(seen()).toMatchObject({ feeBaseMsat: 7_000n, htlcMaximumMsat: 1_000_000n, isDisabled: false })
    set({ disabled: true })
    expect(seen()?.isDisabled).toBe(true)
    set({ disabled: false })
    expect(seen()?.isDisabled).toBe(false)
    // The same again is nothing new.
    const before = seen()?.timestamp
    set({ disabled: false })
    expect(seen()?.timestamp).toBe(before)
  })

  test('is disabled when it closes, and gone 72 blocks after its funding was spent', () => {
    const { stage, sides, ids } = row('alice', 'bob', 'carol')
    const [alice, bob, carol] = sides
    const [first] = ids as [ChannelId]
    const scid = scidOf(bob, first)
    stage.close(alice, first)
    for (let i = 0; i < 3; i++) stage.wait(FLUSH_MS)
    expect(channelIn(carol, scid)?.policies.every(policy => policy?.isDisabled)).toBe(true)
    stage.mine(1)
    expect(channelIn(carol, scid)?.spentHeight).toBe(stage.chain.height)
    stage.mine(71)
    expect(channelIn(carol, scid)).toBeDefined()
    stage.mine(1)
    expect(channelIn(carol, scid)).toBeUndefined()
    expect(carol.state.gossip.graph).toMatchObject({ channelCount: 1, nodeCount: 2 })
    stage.wait(1_000)
    expect(gossipKeys(carol).filter(key => key.includes('/update/'))).toHaveLength(2)
    expect(gossipKeys(alice).filter(key => key.includes('/own/'))).toEqual([])
  })

  test('whose block is undone is asked for again: here its place stays empty', () => {
    const { stage, sides } = row('alice', 'bob', 'carol')
    const [, , carol] = sides
    expect(carol.state.gossip.graph.channelCount).toBe(2)
    const heights = [...channelRows(carol.state.gossip.graph)].map(at =>
      Number(channelAt(carol.state.gossip.graph, at).shortChannelId.split('x')[0]),
    )
    stage.reorg(stage.chain.height - Math.max(...heights) + 1)
    // The channel of Alice and Bob is older than the branch.
    expect(carol.state.gossip.graph.channelCount).toBe(1)
  })

  test('is not spoken of on a new connection before both have said where they stand (BOLT 2, channel_reestablish)', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    stage.ready(alice, bob, { announce: true })
    stage.cut(alice, bob)
    stage.mine(MORE_BLOCKS)
    const sent = record(stage)
    stage.dial(alice, bob)
    stage.settle()
    for (const name of ['alice', 'bob']) {
      const types = sent.filter(({ from }) => from === name).map(({ message }) => message.type)
      expect(types).toContain('announcement_signatures')
      expect(types.indexOf('announcement_signatures')).toBeGreaterThan(types.indexOf('channel_reestablish'))
    }
    expect(alice.state.gossip.graph.channelCount).toBe(1)
  })
})

describe('a private channel', () => {
  test('is in nobody’s graph, and each side knows what the other asks for, also after a restart', () => {
    const stage = new Stage()
    const [alice, bob, carol] = stage.sidesOf(['alice', 'bob', 'carol'])
    const id = stage.ready(alice, bob)
    stage.ready(bob, carol, { announce: true })
    stage.mine(10)
    stage.wait(FLUSH_MS)
    stage.wait(FLUSH_MS)
    for (const side of [alice, bob, carol]) {
      expect(side.state.gossip.graph.channelCount).toBe(1)
      expect(channelIn(side, scidOf(alice, id))).toBeUndefined()
    }
    const asked = () => [alice, bob].map(side => remotePolicy(side.state.gossip, id)?.feeBaseMsat)
    expect(asked()).toEqual([DEFAULT_PAYMENT_LIMITS.feeBaseMsat, DEFAULT_PAYMENT_LIMITS.feeBaseMsat])
    stage.restart(alice)
    expect(asked()).toEqual([DEFAULT_PAYMENT_LIMITS.feeBaseMsat, DEFAULT_PAYMENT_LIMITS.feeBaseMsat])
  })
})

describe('what others say', () => {
  test('costs no commit of its own: it waits for the next one, or a second', () => {
    const { stage, sides } = row('alice', 'bob', 'carol')
    const [, , carol] = sides
    stage.wait(2 * 3_600_000)
    const zoe = stage.side('zoe')
    stage.catchUp()
    stage.connect(zoe, carol)
    expect(zoe.state.gossip.graph.channelCount).toBe(2)
    expect(gossipKeys(zoe)).toEqual([])
    // Gone with the process, and told again by the next peer.
    stage.restart(zoe)
    expect(zoe.state.gossip.graph.channelCount).toBe(0)
    stage.wait(60_000)
    stage.settle()
    expect(zoe.state.gossip.graph.channelCount).toBe(2)
    stage.wait(1_000)
    expect(gossipKeys(zoe)).toHaveLength(2 + 4 + 3)
    expect(zoe.state.unsaved).toBeUndefined()
  })

  test('is in the same commit as what is worth one', () => {
    const { stage, sides } = row('alice', 'bob', 'carol')
    const [, , carol] = sides
    stage.wait(2 * 3_600_000)
    const zoe = stage.side('zoe')
    stage.catchUp()
    stage.connect(zoe, carol)
    expect(gossipKeys(zoe)).toEqual([])
    zoe.fund(10_000n)
    expect(gossipKeys(zoe)).toHaveLength(9)
  })

  test('is found where a peer asks for it before it is stored', () => {
    const { stage, sides } = row('alice', 'bob', 'carol')
    const [, , carol] = sides
    stage.wait(2 * 3_600_000)
    const [zoe, yves] = [stage.side('zoe'), stage.side('yves')]
    stage.catchUp()
    stage.connect(zoe, carol)
    expect(gossipKeys(zoe)).toEqual([])
    stage.connect(yves, zoe)
    expect(contentsOf(yves.state.gossip.graph)).toEqual(contentsOf(carol.state.gossip.graph))
  })

  test('is asked of the few peers that are enough, and only they tell', () => {
    const limits = { gossip: { relayingPeers: 1 } }
    const stage = new Stage()
    const zoe = stage.side('zoe', limits)
    const peers = ['alice', 'bob'].map(name => stage.side(name))
    for (const peer of peers) stage.connect(zoe, peer)
    const relaying = [...pmapValues(zoe.state.gossip.peers)].filter(({ relays }) => relays)
    expect(relaying).toHaveLength(1)
    expect(pmapGet(zoe.state.gossip.peers, peers[0]?.id ?? '')?.relays).toBe(true)
  })
})
