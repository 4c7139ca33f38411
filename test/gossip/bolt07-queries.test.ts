import { describe, expect, it } from 'vitest'
import { msat } from '../../src/base/index.ts'
import { loadGossip } from '../../src/gossip/index.ts'
import { featureBits, type Message, type ShortChannelId } from '../../src/wire/index.ts'
import {
  announcement,
  CHAIN,
  contentsOf,
  Gossiper,
  NOW_S,
  nodeAnnouncement,
  outputOf,
  type Party,
  party,
  QUERIES,
  scid,
  sentOf,
  update,
} from './fixture.ts'

// BOLT 7, query messages and gossip_timestamp_filter: two machines that tell each other what they know.

const US = party('us')
const THEM = party('them')
const NODES = Array.from({ length: 8 }, (_, i) => party(`node ${i}`))
const ids: readonly ShortChannelId[] = Array.from({ length: 12 }, (_, i) => scid(100 + Math.floor(i / 5), 1 + i))
const pairOf = (index: number): readonly [Party, Party] => {
  const [a, b] = [NODES[index % 8], NODES[(3 * index + 1) % 8]]
  if (a === undefined || b === undefined) throw new Error('eight nodes')
  return a === b ? [a, NODES[(index + 2) % 8] ?? b] : [a, b]
}

/** One that knows twelve channels, both ends of each, and all nodes. */
function knowing(of: Party, limits: ConstructorParameters<typeof Gossiper>[1] = {}): Gossiper {
  const gossiper = new Gossiper(of, limits)
  const source = party('source')
  gossiper.meet(source, featureBits())
  for (const [index, id] of ids.entries()) {
    const [a, b] = pairOf(index)
    gossiper.learn(source, a, b, id)
    gossiper.hear(source, update(a, b, id, { feeBaseMsat: msat(BigInt(index)) }))
    gossiper.hear(source, update(b, a, id, { timestamp: NOW_S - index }))
  }
  for (const node of NODES) gossiper.hear(source, nodeAnnouncement(node))
  gossiper.do({ type: 'peer_down', peer: source.id })
  return gossiper
}

/** Lets two machines talk until nobody has anything to say. Counts the messages by type. */
function talk(a: Gossiper, b: Gossiper, first: readonly Message[], from = a): Record<string, number> {
  const counts: Record<string, number> = {}
  const queue = first.map(message => ({ from, message }))
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { from: speaker, message } = next
    const listener = speaker === a ? b : a
    counts[message.type] = (counts[message.type] ?? 0) + 1
    // Gossip and queries are all that these machines send.
    const answers = sentOf(listener.hear(speaker.party, message as Parameters<Gossiper['hear']>[1]), speaker.party)
    queue.push(...answers.map(answer => ({ from: listener, message: answer })))
  }
  return counts
}

function chainOf(gossiper: Gossiper): void {
  for (const [index, id] of ids.entries()) gossiper.outputs.set(id, outputOf(announcement(...pairOf(index), id)))
}

describe('a node that knows nothing', () => {
  it.each([
    ['all at once', {}],
    ['in small replies, few records at a time', { channelsInReply: 2, channelsInLoad: 3, channelsInQuery: 4 }],
  ])('learns everything from a peer: %s', (_, limits) => {
    const [them, us] = [knowing(THEM, limits), new Gossiper(US, limits)]
    chainOf(us)
    them.meet(US)
    const asked = sentOf(us.meet(THEM), THEM)
    expect(asked.map(({ type }) => type)).toEqual(['gossip_timestamp_filter', 'query_channel_range'])
    const counts = talk(us, them, asked)
    expect(contentsOf(us.state.graph)).toEqual(contentsOf(them.state.graph))
    expect(us.state.sync).toEqual({ peer: undefined, doneAt: us.now })
    expect(us.state.wanted.size).toBe(0)
    expect(counts.reply_channel_range).toBe('channelsInReply' in limits ? 6 : 1)
    // The same records, and so the same after a restart.
    expect(new Set(us.records.keys())).toEqual(new Set(them.records.keys()))
    const sorted = [...us.records].sort(([a], [b]) => (a < b ? -1 : 1))
    const again = loadGossip(sorted, us.context.supported)
    expect(again.ok && contentsOf(again.value.graph)).toEqual(contentsOf(us.state.graph))
  })

  it('learns it from a peer without extended queries too', () => {
    const [them, us] = [knowing(THEM), new Gossiper(US)]
    chainOf(us)
    them.meet(US)
    talk(us, them, sentOf(us.meet(THEM, featureBits(7)), THEM))
    expect(contentsOf(us.state.graph)).toEqual(contentsOf(them.state.graph))
  })

  it('asks nobody who has no graph to give', () => {
    const us = new Gossiper(US)
    const [filter, ...more] = sentOf(us.meet(THEM, featureBits()), THEM)
    expect(filter).toMatchObject({ type: 'gossip_timestamp_filter', firstTimestamp: 0xffffffff, timestampRange: 0 })
    expect(more).toEqual([])
  })

  it('gives up a peer that does not answer, and asks the next one', () => {
    const us = new Gossiper(US)
    const other = party('other')
    us.meet(THEM)
    us.meet(other)
    expect(us.state.sync.peer).toBe(THEM.id)
    us.pass(59_999)
    expect(us.state.sync.peer).toBe(THEM.id)
    const asked = sentOf(us.pass(1), other)
    expect(asked).toContainEqual(expect.objectContaining({ type: 'query_channel_range' }))
    expect(us.state.sync.peer).toBe(other.id)
    us.do({ type: 'peer_down', peer: other.id })
    expect(us.state.sync.peer).toBeUndefined()
  })
})

describe('a node that knows most', () => {
  it('asks only for what is newer and says something else', () => {
    const [them, us] = [knowing(THEM), knowing(US)]
    const [a, b] = pairOf(0)
    const source = party('source')
    them.meet(source, featureBits())
    // News of one direction; and the same again with another time, which is no news.
    them.hear(source, update(a, b, ids[0] ?? scid(1), { timestamp: NOW_S + 5, feeBaseMsat: msat(77n) }))
    const [c, d] = pairOf(1)
    them.hear(source, update(c, d, ids[1] ?? scid(1), { timestamp: NOW_S + 5, feeBaseMsat: msat(1n) }))
    them.meet(US)
    const asked = sentOf(us.meet(THEM), THEM).filter(({ type }) => type === 'query_channel_range')
    const counts = talk(us, them, asked)
    expect(counts).toMatchObject({ query_short_channel_ids: 1, channel_update: 1 })
    expect(counts.channel_announcement).toBeUndefined()
  })

  it('asks one day for a channel that somebody has spoken of', () => {
    const [them, us] = [knowing(THEM), new Gossiper(US)]
    chainOf(us)
    us.meet(THEM)
    them.meet(US)
    // The first query is answered with nothing.
    const nothing = {
      chainHash: CHAIN,
      firstBlocknum: 0,
      numberOfBlocks: 1001,
      syncComplete: true,
      shortChannelIds: [],
    }
    us.hear(THEM, { type: 'reply_channel_range', ...nothing })
    // What is for a peer of the channel alone is none of the network's.
    us.hear(THEM, update(...pairOf(4), ids[4] ?? scid(1), { messageFlags: 3 }))
    expect(us.refused).toBe('private')
    us.hear(THEM, update(...pairOf(3), ids[3] ?? scid(1)))
    expect(us.refused).toBe('unknown_channel')
    const asked = sentOf(us.pass(1000), THEM)
    expect(asked).toMatchObject([{ type: 'query_short_channel_ids', shortChannelIds: [ids[3]], queryFlags: [31n] }])
    talk(us, them, asked)
    expect(us.state.graph.channelCount).toBe(1)
  })
})

describe('a query', () => {
  const asking = (limits = {}) => {
    const them = knowing(THEM, limits)
    them.meet(US)
    return them
  }
  const query = (shortChannelIds: readonly ShortChannelId[], queryFlags?: readonly bigint[]) =>
    ({ type: 'query_short_channel_ids', chainHash: CHAIN, shortChannelIds, ...(queryFlags && { queryFlags }) }) as const

  it('is answered with what its flags ask for, each node once, and the end', () => {
    const them = asking()
    const [first, second] = [ids[0] ?? scid(1), ids[1] ?? scid(1)]
    const types = (flags: readonly bigint[]) =>
      sentOf(them.hear(US, query([first, second], flags)), US).map(({ type }) => type)
    expect(types([1n, 0n])).toEqual(['channel_announcement', 'reply_short_channel_ids_end'])
    expect(types([2n, 4n])).toEqual(['channel_update', 'channel_update', 'reply_short_channel_ids_end'])
    const all = sentOf(them.hear(US, query([first, first])), US)
    expect(all.filter(({ type }) => type === 'node_announcement')).toHaveLength(2)
    expect(all.filter(({ type }) => type === 'channel_announcement')).toHaveLength(2)
    expect(all.at(-1)).toEqual({ type: 'reply_short_channel_ids_end', chainHash: CHAIN, fullInformation: true })
  })

  it('of a channel or a chain that is unknown is answered with the end alone', () => {
    const them = asking()
    expect(sentOf(them.hear(US, query([scid(999)])), US).map(({ type }) => type)).toEqual([
      'reply_short_channel_ids_end',
    ])
    const elsewhere = { ...query([scid(999)]), chainHash: '00'.repeat(32) as typeof CHAIN }
    expect(sentOf(them.hear(US, elsewhere), US)).toMatchObject([{ fullInformation: false }])
    const range = {
      type: 'query_channel_range',
      chainHash: elsewhere.chainHash,
      firstBlocknum: 3,
      numberOfBlocks: 4,
    } as const
    expect(sentOf(them.hear(US, range), US)).toMatchObject([
      { firstBlocknum: 3, numberOfBlocks: 4, shortChannelIds: [] },
    ])
  })

  it('loads few records at a time, waits for the store, and refuses a second query meanwhile', () => {
    const them = asking({ channelsInLoad: 2 })
    them.isSlow = true
    const loads = them.hear(US, query(ids)).filter(({ type }) => type === 'load')
    expect(loads).toHaveLength(1)
    // Two channels, four updates and three nodes, of which one is an end of both.
    expect(loads[0]?.type === 'load' && loads[0].keys.length).toBe(9)
    expect(sentOf(them.pass(1000), US)).toEqual([])
    them.hear(US, query(ids))
    expect(them.refused).toBe('query_under_way')
    let sent = 0
    for (let answer = them.waiting.shift(); answer !== undefined; answer = them.waiting.shift())
      sent += sentOf(them.do(answer), US).length
    // Twelve channels, both updates of each, eight nodes and the end.
    expect(sent).toBe(12 + 24 + 8 + 1)
  })

  it('for more channels than may be asked for is refused', () => {
    const them = asking({ maxChannelsInQuery: 3 })
    them.hear(US, query(ids.slice(0, 3)))
    expect(them.refused).toBeUndefined()
    them.hear(US, query(ids.slice(0, 4)))
    expect(them.refused).toBe('too_many')
  })

  it('is answered as fast as the budget of the peer fills', () => {
    const them = asking({ channelsInLoad: 1, bytesAtOnce: 1000, bytesPerSecond: 1000 })
    const first = sentOf(them.hear(US, query(ids)), US).length
    expect(first).toBeLessThan(10)
    let [rounds, total] = [0, first]
    while (total < 45 && rounds < 100) {
      total += sentOf(them.pass(1000), US).length
      rounds += 1
    }
    expect(total).toBe(45)
    expect(rounds).toBeGreaterThan(3)
  })

  it('for a range is split within a block where it has to be, and covers all of it in order', () => {
    const them = asking({ channelsInReply: 2 })
    const range = {
      type: 'query_channel_range',
      chainHash: CHAIN,
      firstBlocknum: 50,
      numberOfBlocks: 60,
      queryOption: 3n,
    } as const
    const replies = sentOf(them.hear(US, range), US).flatMap(message =>
      message.type === 'reply_channel_range' ? [message] : [],
    )
    expect(replies.flatMap(({ shortChannelIds }) => shortChannelIds)).toEqual(ids)
    expect(replies.map(({ syncComplete }) => syncComplete)).toEqual([...replies.slice(1).map(() => false), true])
    let reached = 50
    for (const { firstBlocknum, numberOfBlocks, shortChannelIds, timestamps, checksums } of replies) {
      expect(firstBlocknum).toBeLessThanOrEqual(reached)
      expect([timestamps?.length, checksums?.length]).toEqual([shortChannelIds.length, shortChannelIds.length])
      for (const id of shortChannelIds) {
        const block = Number(id.split('x')[0])
        expect(block >= firstBlocknum && block < firstBlocknum + numberOfBlocks).toBe(true)
      }
      reached = firstBlocknum + numberOfBlocks
    }
    expect(reached).toBe(110)
    const part = { ...range, firstBlocknum: 101, numberOfBlocks: 1 } as const
    expect(
      sentOf(them.hear(US, part), US).flatMap(m => (m.type === 'reply_channel_range' ? m.shortChannelIds : [])),
    ).toEqual(ids.slice(5, 10))
  })
})

describe('what else is asked and told', () => {
  it('stops at a budget of wants, at refused channels and at blocks that have not come', () => {
    const us = new Gossiper(US, { maxWanted: 2 })
    us.meet(THEM)
    us.outputs.clear()
    us.hear(THEM, announcement(...pairOf(0), ids[0] ?? scid(1)))
    const shortChannelIds = [ids[0] ?? scid(1), scid(5000), scid(300), scid(301), scid(302)]
    const reply = {
      type: 'reply_channel_range',
      chainHash: CHAIN,
      firstBlocknum: 0,
      numberOfBlocks: 1001,
      syncComplete: true,
    } as const
    const asked = sentOf(us.hear(THEM, { ...reply, shortChannelIds }), THEM)
    expect(asked).toMatchObject([{ type: 'query_short_channel_ids' }])
    expect(
      asked.flatMap(message => (message.type === 'query_short_channel_ids' ? message.shortChannelIds : [])),
    ).toEqual([scid(300), scid(301)])
    us.hear(THEM, { type: 'reply_short_channel_ids_end', chainHash: CHAIN, fullInformation: true })
    expect(us.state.sync.doneAt).toBe(us.now)
  })

  it('asks everything again after an hour', () => {
    const us = new Gossiper(US)
    us.meet(THEM)
    const nothing = {
      chainHash: CHAIN,
      firstBlocknum: 0,
      numberOfBlocks: 1001,
      syncComplete: true,
      shortChannelIds: [],
    }
    us.hear(THEM, { type: 'reply_channel_range', ...nothing })
    expect(sentOf(us.pass(3_599_999), THEM)).toEqual([])
    expect(sentOf(us.pass(1), THEM)).toMatchObject([
      { type: 'query_channel_range', numberOfBlocks: 1001, queryOption: 3n },
    ])
  })

  it('asks for an update of a direction that it has none of', () => {
    const [them, us] = [knowing(THEM), new Gossiper(US)]
    us.meet(party('source'), featureBits())
    us.learn(party('source'), ...pairOf(0), ids[0] ?? scid(1))
    us.hear(party('source'), update(...pairOf(0), ids[0] ?? scid(1), { feeBaseMsat: msat(0n) }))
    chainOf(us)
    them.meet(US)
    talk(us, them, sentOf(us.meet(THEM), THEM).slice(1))
    expect(us.state.graph.channelCount).toBe(12)
    expect(contentsOf(us.state.graph).channels).toEqual(contentsOf(them.state.graph).channels)
  })

  it('asks few peers to relay', () => {
    const us = new Gossiper(US, { relayingPeers: 1 })
    const filters = [THEM, party('second')]
      .flatMap(peer => sentOf(us.meet(peer), peer))
      .filter(({ type }) => type === 'gossip_timestamp_filter')
    expect(filters).toMatchObject([{ timestampRange: 0xffffffff }, { timestampRange: 0 }])
    const elsewhere = {
      type: 'gossip_timestamp_filter',
      chainHash: '00'.repeat(32) as typeof CHAIN,
      firstTimestamp: 0,
      timestampRange: 9,
    } as const
    expect(us.hear(THEM, elsewhere).filter(({ type }) => type !== 'wake')).toEqual([])
  })

  it('refuses a second range while the first one is told', () => {
    const them = knowing(THEM, { channelsInReply: 1, bytesAtOnce: 50, bytesPerSecond: 50 })
    them.meet(US)
    const range = { type: 'query_channel_range', chainHash: CHAIN, firstBlocknum: 0, numberOfBlocks: 2000 } as const
    const first = them.hear(US, range)
    them.hear(US, range)
    expect(them.refused).toBe('query_under_way')
    let told = sentOf(first, US).length
    for (let second = 0; second < 30; second++) told += sentOf(them.pass(1000), US).length
    expect(told).toBe(12)
  })

  it('tells nothing of records that are damaged or gone, and nothing to a peer that is', () => {
    const them = knowing(THEM)
    them.meet(US)
    for (const key of them.records.keys()) {
      if (key.startsWith('gossip/channel')) them.records.set(key, Uint8Array.of(1))
      if (key.startsWith('gossip/update')) them.records.set(key, Uint8Array.of(1))
      if (key.startsWith('gossip/node')) them.records.delete(key)
    }
    const query = { type: 'query_short_channel_ids', chainHash: CHAIN, shortChannelIds: ids } as const
    expect(sentOf(them.hear(US, query), US).map(({ type }) => type)).toEqual(['reply_short_channel_ids_end'])
    them.isSlow = true
    them.hear(US, query)
    them.do({ type: 'peer_down', peer: US.id })
    expect(them.waiting.flatMap(answer => sentOf(them.do(answer)))).toEqual([])
  })
})

describe('a reply', () => {
  const reply = (firstBlocknum: number, numberOfBlocks: number, syncComplete = false) =>
    ({
      type: 'reply_channel_range',
      chainHash: CHAIN,
      firstBlocknum,
      numberOfBlocks,
      syncComplete,
      shortChannelIds: [],
    }) as const

  it.each([
    ['goes back', [reply(0, 100), reply(100, 100), reply(99, 10)]],
    ['is beside what was asked', [reply(1001, 10)]],
    ['is one too many', [reply(0, 1), reply(1, 1), reply(2, 1), reply(3, 1)]],
  ])('that %s ends the query and the connection', (_, replies) => {
    const us = new Gossiper(US, { maxReplies: 3 })
    us.meet(THEM)
    const effects = replies.flatMap(message => us.hear(THEM, message))
    expect(us.refused).toBe('not_asked')
    expect(effects).toContainEqual(expect.objectContaining({ type: 'complain' }))
    expect(us.state.sync.peer).toBeUndefined()
  })

  it('to nothing is ignored', () => {
    const us = new Gossiper(US)
    us.meet(THEM, featureBits())
    us.hear(THEM, reply(0, 10))
    expect(us.refused).toBe('not_asked')
    us.hear(THEM, { type: 'reply_short_channel_ids_end', chainHash: CHAIN, fullInformation: true })
    expect(us.refused).toBe('not_asked')
  })
})

describe('a timestamp filter', () => {
  const filter = (firstTimestamp: number, timestampRange: number) =>
    ({ type: 'gossip_timestamp_filter', chainHash: CHAIN, firstTimestamp, timestampRange }) as const

  it('brings what there is of that time, announcements before updates, nodes at the end', () => {
    const them = knowing(THEM, { channelsInLoad: 2 })
    them.meet(US)
    const sent = sentOf(them.hear(US, filter(NOW_S, 1)), US)
    const types = sent.map(({ type }) => type)
    expect(types.filter(type => type === 'channel_announcement')).toHaveLength(12)
    // Twelve first updates, and the second one of the first channel.
    expect(types.filter(type => type === 'channel_update')).toHaveLength(13)
    expect(types.slice(-8)).toEqual(new Array(8).fill('node_announcement'))
    for (const id of ids) {
      const of = sent.filter(message => 'shortChannelId' in message && message.shortChannelId === id)
      expect(of[0]?.type).toBe('channel_announcement')
    }
    expect(sentOf(them.hear(US, filter(NOW_S + 1, 0xffffffff)), US)).toEqual([])
  })

  it('brings news with the next flush, but not to whom they came from, nor unasked', () => {
    const them = knowing(THEM)
    const [asking, silent, source] = [party('asking'), party('silent'), party('source')]
    for (const peer of [asking, silent, source]) them.meet(peer, QUERIES)
    them.hear(asking, filter(NOW_S + 50, 1000))
    them.hear(source, filter(NOW_S + 50, 1000))
    const [a, b] = pairOf(0)
    const id = ids[0] ?? scid(1)
    const heard = [
      update(a, b, id, { timestamp: NOW_S + 60 }),
      update(a, b, id, { timestamp: NOW_S + 70 }),
      update(b, a, id, { timestamp: NOW_S + 10 }),
    ]
    expect(heard.flatMap(message => sentOf(them.hear(source, message)))).toEqual([])
    const sent = them.pass(60_000)
    // The newer of the two, and nothing of a time that nobody asked for.
    expect(sentOf(sent, asking)).toEqual([heard[1]])
    expect(sentOf(sent, silent).filter(({ type }) => type === 'channel_update')).toEqual([])
    expect(sentOf(sent, source).filter(({ type }) => type === 'channel_update')).toEqual([])
    expect(sentOf(them.pass(60_000), asking)).toEqual([])
    expect(them.state.news.size).toBe(0)
  })
})
