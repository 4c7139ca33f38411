import { describe, expect, it } from 'vitest'
import { msat, type Txid } from '../../src/base/index.ts'
import { channelAt, findChannel, findNode, loadGossip, nodeAt } from '../../src/gossip/index.ts'
import {
  type ChannelAnnouncement,
  type ChannelUpdate,
  featureBits,
  type NodeAnnouncement,
} from '../../src/wire/index.ts'
import {
  announcement,
  contentsOf,
  fundingTxid,
  Gossiper,
  HEIGHT,
  NOW,
  NOW_S,
  nodeAnnouncement,
  outpointOf,
  outputOf,
  party,
  scid,
  update,
} from './fixture.ts'

// BOLT 7, channel_announcement, channel_update and node_announcement, the receiving node: what is taken, and each thing that is not.

const US = party('us')
const PEER = party('peer')
const A = party('a')
const B = party('b')
const C = party('c')
const ID = scid(500)
const DAY = 86_400

function gossiper(): Gossiper {
  const ours = new Gossiper(US)
  ours.meet(PEER)
  return ours
}

/** One that knows the channel between A and B. */
function knowing(): Gossiper {
  const ours = gossiper()
  ours.learn(PEER, A, B, ID)
  return ours
}

const channelOf = (ours: Gossiper, id = ID) => {
  const row = findChannel(ours.state.graph, id)
  return row === undefined ? undefined : channelAt(ours.state.graph, row)
}

describe('a channel_announcement', () => {
  it('is believed when the chain has the output, with the amount that the chain says', () => {
    const ours = knowing()
    const nodeIds = [A.id, B.id].sort()
    expect(channelOf(ours)).toEqual({
      shortChannelId: ID,
      nodeIds,
      capacitySat: 1_000_000n,
      policies: [undefined, undefined],
      isRoutable: true,
    })
    expect([...ours.records.keys()]).toEqual(['gossip/channel/0001f40000010000'])
  })

  const cases: readonly [string, string, (good: ChannelAnnouncement) => ChannelAnnouncement][] = [
    ['is for another chain', 'other_chain', good => ({ ...good, chainHash: '00'.repeat(32) as typeof good.chainHash })],
    [
      'has its nodes in the wrong order',
      'node_order',
      good => ({ ...good, nodeId1: good.nodeId2, nodeId2: good.nodeId1 }),
    ],
    ['is of one node with itself', 'node_order', good => ({ ...good, nodeId1: good.nodeId2 })],
    ['is far longer than its fields', 'too_long', () => announcement(A, B, ID, { unknownFields: new Uint8Array(257) })],
    ['is too young', 'too_few_confirmations', () => announcement(A, B, scid(HEIGHT - 3))],
    ...(['nodeSignature1', 'nodeSignature2', 'bitcoinSignature1', 'bitcoinSignature2'] as const).map(
      field =>
        [
          `has a wrong ${field}`,
          'invalid_signature',
          (good: ChannelAnnouncement) => ({ ...good, [field]: new Uint8Array(64).fill(1) }),
        ] as [string, string, (good: ChannelAnnouncement) => ChannelAnnouncement],
    ),
    [
      'says something that nobody has signed',
      'invalid_signature',
      good => ({ ...good, unknownFields: Uint8Array.of(1) }),
    ],
  ]
  it.each(cases)('is not taken when it %s', (_, code, change) => {
    const ours = gossiper()
    const message = change(announcement(A, B, ID))
    ours.outputs.set(message.shortChannelId, outputOf(message))
    const effects = ours.hear(PEER, message)
    expect(ours.refused).toBe(code)
    expect(ours.state.graph.channelCount).toBe(0)
    expect(effects.filter(({ type }) => type === 'check_funding')).toEqual([])
    const isOffence = code === 'invalid_signature' || code === 'node_order'
    expect(effects.some(({ type }) => type === 'complain')).toBe(isOffence)
  })

  it('is taken with five confirmations, since our newest block may be late', () => {
    const ours = gossiper()
    ours.learn(PEER, A, B, scid(HEIGHT - 4))
    expect(ours.state.graph.channelCount).toBe(1)
  })

  it.each([
    ['there is no such output', undefined],
    ['the output pays to others', { scriptPubkey: new Uint8Array(34) }],
    ['the output is spent', { spentHeight: 900 }],
  ])('is forgotten when %s, and not asked for again for an hour', (_, change) => {
    const ours = gossiper()
    const message = announcement(A, B, ID)
    if (change !== undefined) ours.outputs.set(ID, outputOf(message, change))
    ours.hear(PEER, message)
    expect([ours.state.graph.channelCount, ours.records.size, ours.state.pending.size]).toEqual([0, 0, 0])
    ours.hear(PEER, message)
    expect(ours.refused).toBe('refused_by_chain')
    ours.now += 3_600_001
    ours.outputs.set(ID, outputOf(message))
    ours.hear(PEER, message)
    expect(ours.state.graph.channelCount).toBe(1)
  })

  it('is ignored the second time, without a look at its signatures', () => {
    const ours = knowing()
    ours.hear(PEER, { ...announcement(A, B, ID), nodeSignature1: new Uint8Array(64) })
    expect(ours.refused).toBe('known_already')
  })

  it('with an unknown even feature is kept, and nothing is routed through it', () => {
    const ours = gossiper()
    const message = announcement(A, B, ID, { features: featureBits(200) })
    ours.outputs.set(ID, outputOf(message))
    ours.hear(PEER, message)
    expect(channelOf(ours)?.isRoutable).toBe(false)
  })

  it('for a funding that another one has named: all of their nodes are forgotten, and not heard again', () => {
    const ours = knowing()
    const D = party('d')
    ours.learn(PEER, C, D, scid(501))
    ours.learn(PEER, B, D, scid(502))
    const other = announcement(A, C, ID)
    ours.outputs.set(ID, outputOf(other))
    ours.hear(PEER, other)
    expect(ours.state.graph.channelCount).toBe(0)
    ours.hear(PEER, announcement(A, D, scid(503)))
    expect(ours.refused).toBe('blacklisted')
    expect([...ours.records.keys()].every(key => key.startsWith('gossip/refused-node/'))).toBe(true)
  })

  it('is not looked at when its peer sends more than its budget, and is a second later', () => {
    const ours = new Gossiper(US, { verificationsAtOnce: 6, verificationsPerSecond: 2 })
    ours.meet(PEER)
    ours.learn(PEER, A, B, ID)
    ours.learn(PEER, A, C, scid(501))
    expect([ours.refused, ours.state.graph.channelCount]).toEqual(['rate', 1])
    ours.now += 1000
    ours.learn(PEER, A, C, scid(501))
    expect(ours.state.graph.channelCount).toBe(2)
  })

  it('waits for the chain in bounded numbers', () => {
    const ours = new Gossiper(US, { maxPendingOfPeer: 1 })
    const other = party('other')
    ours.meet(PEER)
    ours.meet(other)
    ours.isSlow = true
    const tried = [
      [PEER, ID],
      [PEER, scid(501)],
      [other, scid(501)],
      [other, ID],
    ] as const
    const codes = tried.map(([peer, id]) => {
      ours.learn(peer, A, B, id)
      return ours.refused
    })
    expect(codes).toEqual([undefined, 'too_many', undefined, 'known_already'])
    ours.isSlow = false
    for (const answer of ours.waiting) ours.do(answer)
    ours.learn(PEER, A, C, scid(502))
    expect([ours.state.graph.channelCount, ours.state.pending.size]).toEqual([3, 0])
  })
})

describe('a channel_update', () => {
  it('says what its end asks for from then on', () => {
    const ours = knowing()
    ours.hear(PEER, update(A, B, ID, { feeBaseMsat: msat(7n), cltvExpiryDelta: 33 }))
    const direction = A.id < B.id ? 0 : 1
    expect(channelOf(ours)?.policies[direction]).toMatchObject({
      feeBaseMsat: 7n,
      cltvExpiryDelta: 33,
      timestamp: NOW_S,
      isDisabled: false,
    })
    expect(channelOf(ours)?.policies[1 - direction]).toBeUndefined()
    ours.hear(PEER, update(A, B, ID, { timestamp: NOW_S + 1, channelFlags: direction + 2 }))
    expect(channelOf(ours)?.policies[direction]).toMatchObject({ feeBaseMsat: 1n, isDisabled: true })
  })

  const cases: readonly [string, string, () => ChannelUpdate][] = [
    [
      'is for another chain',
      'other_chain',
      () => update(A, B, ID, { chainHash: '00'.repeat(32) as ChannelUpdate['chainHash'] }),
    ],
    ['is of an unknown channel', 'unknown_channel', () => update(A, B, scid(501))],
    ['is not to be forwarded', 'private', () => update(A, B, ID, { messageFlags: 3 })],
    ['is far longer than its fields', 'too_long', () => update(A, B, ID, { unknownFields: new Uint8Array(257) })],
    ['is more than a day ahead', 'timestamp', () => update(A, B, ID, { timestamp: NOW_S + DAY + 1 })],
    ['is older than two weeks', 'timestamp', () => update(A, B, ID, { timestamp: NOW_S - 14 * DAY - 1 })],
    ['allows more than the capacity', 'amount', () => update(A, B, ID, { htlcMaximumMsat: msat(1_000_000_001n) })],
    ['has its amounts in the wrong order', 'amount', () => update(A, B, ID, { htlcMinimumMsat: msat(900_000_001n) })],
    ['is signed by the other end', 'invalid_signature', () => update(A, B, ID, { channelFlags: A.id < B.id ? 1 : 0 })],
    ['was changed', 'invalid_signature', () => ({ ...update(A, B, ID), feeBaseMsat: msat(0n) })],
    ['is signed by a stranger', 'invalid_signature', () => update({ ...C, id: A.id }, B, ID)],
  ]
  it.each(cases)('is not taken when it %s', (_, code, make) => {
    const ours = knowing()
    const before = ours.state.graph
    const effects = ours.hear(PEER, make())
    expect(ours.refused).toBe(code)
    expect(ours.state.graph).toBe(before)
    expect(effects.some(effect => effect.type === 'complain' && effect.failure.severity === 'close_connection')).toBe(
      code === 'invalid_signature',
    )
  })

  it.each([
    ['a day ahead', NOW_S + DAY],
    ['two weeks old', NOW_S - 14 * DAY],
  ])('is taken when it is %s, and not a second more', (_, timestamp) => {
    const ours = knowing()
    ours.hear(PEER, update(A, B, ID, { timestamp }))
    expect(ours.refused).toBeUndefined()
  })

  it('has to be newer than the last one', () => {
    const ours = knowing()
    ours.hear(PEER, update(A, B, ID))
    for (const timestamp of [NOW_S, NOW_S - 1]) {
      ours.hear(PEER, update(A, B, ID, { timestamp, feeBaseMsat: msat(9n) }))
      expect(ours.refused).toBe('not_newer')
    }
    ours.hear(PEER, update(A, B, ID, { timestamp: NOW_S + 1 }))
    expect(ours.refused).toBeUndefined()
    // The other direction has a time of its own.
    ours.hear(PEER, update(B, A, ID, { timestamp: NOW_S - 5 }))
    expect(ours.refused).toBeUndefined()
  })

  it('of one direction is taken ten times in a row, and then once an hour', () => {
    const ours = knowing()
    const say = (number: number) => {
      ours.hear(PEER, update(A, B, ID, { timestamp: NOW_S + number }))
      return ours.refused
    }
    for (let number = 0; number < 10; number++) expect(say(number)).toBeUndefined()
    expect(say(10)).toBe('rate')
    ours.hear(PEER, update(B, A, ID))
    expect(ours.refused).toBeUndefined()
    ours.now += 3_600_000
    expect([say(11), say(12)]).toEqual([undefined, 'rate'])
  })

  it('of a channel that was spent counts only when it disables it', () => {
    const ours = knowing()
    const message = announcement(A, B, ID)
    ours.outputs.set(ID, outputOf(message, { spentHeight: 1000 }))
    ours.do({ type: 'block', height: 1000, spent: [outpointOf(ID)] })
    ours.hear(PEER, update(A, B, ID))
    expect(ours.refused).toBe('spent')
    ours.hear(PEER, update(A, B, ID, { channelFlags: (A.id < B.id ? 0 : 1) + 2 }))
    expect(ours.refused).toBeUndefined()
  })

  it('that comes while the chain is asked is looked at afterwards, from the same peer alone', () => {
    const ours = gossiper()
    const other = party('other')
    ours.meet(other)
    ours.isSlow = true
    ours.learn(PEER, A, B, ID)
    ours.hear(PEER, update(A, B, ID))
    ours.hear(PEER, update(A, B, ID, { timestamp: NOW_S + 1, feeBaseMsat: msat(5n) }))
    ours.hear(PEER, nodeAnnouncement(B))
    ours.hear(other, update(B, A, ID))
    expect(ours.refused).toBe('unknown_channel')
    for (const answer of ours.waiting.splice(0)) ours.do(answer)
    const direction = A.id < B.id ? 0 : 1
    expect(channelOf(ours)?.policies[direction]?.feeBaseMsat).toBe(5n)
    expect(channelOf(ours)?.policies[1 - direction]).toBeUndefined()
    const row = findNode(ours.state.graph, B.id)
    expect(row !== undefined && nodeAt(ours.state.graph, row).timestamp).toBe(NOW_S)
  })

  it('that was held and is wrong costs the peer that sent it', () => {
    const ours = gossiper()
    ours.isSlow = true
    ours.learn(PEER, A, B, ID)
    ours.hear(PEER, { ...update(A, B, ID), feeBaseMsat: msat(0n) })
    const effects = ours.waiting.splice(0).flatMap(answer => ours.do(answer))
    expect(effects).toContainEqual(expect.objectContaining({ type: 'complain', peer: PEER.id }))
  })
})

describe('what is bounded', () => {
  it('forgets the oldest news, and refusals of the chain, when they are too many', () => {
    const ours = new Gossiper(US, { maxNews: 4, maxRefused: 2 })
    ours.meet(PEER)
    for (const [index, id] of [ID, scid(501), scid(502)].entries()) {
      ours.learn(PEER, A, B, id)
      ours.hear(PEER, update(A, B, id, { timestamp: NOW_S + index }))
    }
    expect(ours.state.news.size).toBeLessThanOrEqual(4)
    for (const id of [scid(601), scid(602), scid(603)]) ours.hear(PEER, announcement(A, B, id))
    expect(ours.state.refused.size).toBe(1)
  })

  it('takes no more channels than it may', () => {
    const ours = new Gossiper(US, { maxChannels: 1 })
    ours.meet(PEER)
    ours.learn(PEER, A, B, ID)
    ours.learn(PEER, A, C, scid(501))
    expect([ours.refused, ours.state.graph.channelCount]).toEqual(['too_many', 1])
  })

  it('verifies no more updates and nodes than the peer has left, and none of a peer that is not up', () => {
    const ours = new Gossiper(US, { verificationsAtOnce: 4, verificationsPerSecond: 0 })
    ours.meet(PEER)
    ours.learn(PEER, A, B, ID)
    ours.hear(PEER, update(A, B, ID))
    expect(ours.refused).toBe('rate')
    ours.hear(PEER, nodeAnnouncement(A))
    expect(ours.refused).toBe('rate')
    ours.do({ type: 'peer_down', peer: PEER.id })
    expect(ours.hear(PEER, update(A, B, ID))).toEqual([])
  })

  it('blacklists no more nodes than it may, and never ourselves', () => {
    const ours = new Gossiper(US, { maxBlacklisted: 1 })
    ours.meet(PEER)
    ours.learn(PEER, US, B, ID)
    const other = announcement(US, C, ID)
    ours.outputs.set(ID, outputOf(other))
    ours.hear(PEER, other)
    expect([...ours.records.keys()].filter(key => key.includes('refused-node'))).toHaveLength(1)
    expect([...ours.records.keys()].some(key => key.includes(US.id))).toBe(false)
    const loaded = loadGossip(
      [...ours.records].sort(([a], [b]) => (a < b ? -1 : 1)),
      [],
    )
    expect(loaded.ok && loaded.value.blacklist.size).toBe(1)
  })
})

describe('a restart', () => {
  it('knows what was spent, and drops what is said of channels that are gone', () => {
    const ours = knowing()
    ours.hear(PEER, update(A, B, ID))
    ours.hear(PEER, nodeAnnouncement(A, { features: featureBits(39, 17) }))
    ours.outputs.set(ID, outputOf(announcement(A, B, ID), { spentHeight: 1000 }))
    ours.do({ type: 'block', height: 1000, spent: [outpointOf(ID)] })
    const records = [...ours.records].sort(([a], [b]) => (a < b ? -1 : 1))
    const loaded = loadGossip(records, ours.context.supported)
    expect(loaded.ok && contentsOf(loaded.value.graph)).toEqual(contentsOf(ours.state.graph))
    // The same in pages, wherever they are cut.
    for (let cut = 0; cut <= records.length; cut++) {
      const first = loadGossip(records.slice(0, cut), ours.context.supported)
      const both = first.ok ? loadGossip(records.slice(cut), ours.context.supported, first.value) : first
      expect(both).toEqual(loaded)
    }
    const row = loaded.ok ? findNode(loaded.value.graph, A.id) : undefined
    expect(loaded.ok && row !== undefined && nodeAt(loaded.value.graph, row).offersOnionMessages).toBe(true)
    const orphans = loadGossip(
      records.filter(([key]) => !key.startsWith('gossip/channel/')),
      [],
    )
    expect(orphans.ok && contentsOf(orphans.value.graph).counts).toEqual([0, 0])
    const short = loadGossip(
      records.map(([key, value]) => [key, key.startsWith('gossip/spent') ? value.slice(1) : value]),
      [],
    )
    expect(short.ok).toBe(false)
  })
})

describe('a node_announcement', () => {
  it('is taken of a node that has a channel', () => {
    const ours = knowing()
    ours.hear(PEER, nodeAnnouncement(A))
    const row = findNode(ours.state.graph, A.id)
    expect(row !== undefined && nodeAt(ours.state.graph, row)).toEqual({
      nodeId: A.id,
      channelCount: 1,
      timestamp: NOW_S,
      isRoutable: true,
      offersMpp: true,
      offersOnionMessages: false,
      offersAttribution: false,
    })
  })

  const dns = { type: 'dns', address: Uint8Array.of(97), port: 1 } as const
  const cases: readonly [string, string, () => NodeAnnouncement][] = [
    ['is of a stranger', 'unknown_node', () => nodeAnnouncement(C)],
    ['is far longer than its fields', 'too_long', () => nodeAnnouncement(A, { unknownFields: new Uint8Array(257) })],
    ['is far ahead', 'timestamp', () => nodeAnnouncement(A, { timestamp: NOW_S + DAY + 1 })],
    ['names two hosts', 'addresses', () => nodeAnnouncement(A, { addresses: [dns, dns] })],
    ['was changed', 'invalid_signature', () => ({ ...nodeAnnouncement(A), rgbColor: Uint8Array.of(1, 2, 3) })],
  ]
  it.each(cases)('is not taken when it %s', (_, code, make) => {
    const ours = knowing()
    const before = ours.state.graph
    ours.hear(PEER, make())
    expect([ours.refused, ours.state.graph === before]).toEqual([code, true])
  })

  it('has to be newer than the last one, and comes no more often than an update', () => {
    const ours = knowing()
    const say = (timestamp: number) => {
      ours.hear(PEER, nodeAnnouncement(A, { timestamp }))
      return ours.refused
    }
    expect([say(NOW_S), say(NOW_S)]).toEqual([undefined, 'not_newer'])
    for (let more = 1; more < 10; more++) expect(say(NOW_S + more)).toBeUndefined()
    expect(say(NOW_S + 10)).toBe('rate')
  })

  it('with an unknown even feature bars the way through the node', () => {
    const ours = knowing()
    ours.hear(PEER, nodeAnnouncement(A, { features: featureBits(200) }))
    const row = findNode(ours.state.graph, A.id)
    expect(row !== undefined && nodeAt(ours.state.graph, row).isRoutable).toBe(false)
  })
})

describe('the end of a channel', () => {
  const spentAt = (ours: Gossiper, height: number) => {
    ours.outputs.set(ID, outputOf(announcement(A, B, ID), { spentHeight: height }))
    ours.height = height
    return ours.do({ type: 'block', height, spent: [outpointOf(ID)] })
  }

  it('comes 72 blocks after its funding was spent, with its records and those of its nodes', () => {
    const ours = knowing()
    ours.hear(PEER, update(A, B, ID))
    ours.hear(PEER, nodeAnnouncement(A))
    spentAt(ours, 1001)
    expect(channelOf(ours)?.spentHeight).toBe(1001)
    ours.do({ type: 'block', height: 1072, spent: [] })
    expect(ours.state.graph.channelCount).toBe(1)
    ours.do({ type: 'block', height: 1073, spent: [] })
    expect([ours.state.graph.channelCount, ours.state.graph.nodeCount, ours.records.size]).toEqual([0, 0, 0])
  })

  it('does not come when only the first bytes of the txid are those of its funding', () => {
    const ours = knowing()
    const txid = (fundingTxid(ID).slice(0, 8) + '00'.repeat(28)) as ReturnType<typeof fundingTxid>
    const effects = ours.do({ type: 'block', height: 1001, spent: [{ txid, vout: 0 }] })
    expect(effects.filter(({ type }) => type === 'check_funding')).toHaveLength(1)
    expect(channelOf(ours)?.spentHeight).toBeUndefined()
    expect(
      ours
        .do({ type: 'block', height: 1002, spent: [outpointOf(ID, 1)] })
        .filter(({ type }) => type === 'check_funding'),
    ).toEqual([])
  })

  it('is taken back with the block that spent it, and the channel goes with the block that funded it', () => {
    const ours = knowing()
    spentAt(ours, 1001)
    ours.outputs.set(ID, outputOf(announcement(A, B, ID)))
    ours.do({ type: 'block_undone', height: 1001 })
    expect(channelOf(ours)?.spentHeight).toBeUndefined()
    expect(ours.records.has('gossip/spent/0001f40000010000')).toBe(false)
    ours.do({ type: 'block_undone', height: 501 })
    expect(ours.state.graph.channelCount).toBe(1)
    ours.outputs.delete(ID)
    ours.do({ type: 'block_undone', height: 500 })
    expect(ours.state.graph.channelCount).toBe(0)
  })

  it('comes when another output stands in the place of its funding after a reorganisation', () => {
    const ours = knowing()
    ours.outputs.set(ID, outputOf(announcement(A, B, ID), { txid: 'ab'.repeat(32) as Txid }))
    ours.do({ type: 'block_undone', height: 500 })
    expect(ours.state.graph.channelCount).toBe(0)
  })

  it('does not come where the chain cannot say what stands there: it has pruned the block', () => {
    const ours = knowing()
    ours.isSlow = true
    ours.do({ type: 'block_undone', height: 500 })
    ours.isSlow = false
    ours.do({ type: 'funding_checked', shortChannelId: ID, output: 'unknown' })
    expect(ours.state.graph.channelCount).toBe(1)
    // What is new is not believed then, and not asked for again at once.
    const other = scid(501)
    ours.isSlow = true
    ours.hear(PEER, announcement(A, C, other))
    ours.do({ type: 'funding_checked', shortChannelId: other, output: 'unknown' })
    expect(ours.state.graph.channelCount).toBe(1)
    ours.hear(PEER, announcement(A, C, other))
    expect(ours.refused).toBe('refused_by_chain')
  })

  it('comes when one of its ends says nothing for two weeks', () => {
    const ours = knowing()
    ours.hear(PEER, update(A, B, ID, { timestamp: NOW_S - 100 }))
    ours.hear(PEER, update(B, A, ID))
    ours.now = NOW + 1000 * (14 * DAY - 100)
    ours.do({ type: 'tick' })
    expect(ours.state.graph.channelCount).toBe(1)
    ours.pass(600_000)
    expect(ours.state.graph.channelCount).toBe(0)
  })
})
