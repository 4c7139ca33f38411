import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { msat, sat } from '../../src/base/index.ts'
import { crc32c } from '../../src/gossip/crc32c.ts'
import { channelsFundedBy } from '../../src/gossip/graph.ts'
import {
  addChannel,
  channelAt,
  channelRows,
  EMPTY_GRAPH,
  editGraph,
  findChannel,
  findNode,
  type Graph,
  removeChannel,
  setPolicy,
} from '../../src/gossip/index.ts'
import type { ShortChannelId } from '../../src/wire/index.ts'
import { contentsOf, fundingTxid, Gossiper, NOW_S, nodeAnnouncement, party, scid, update } from './fixture.ts'

const PARTIES = Array.from({ length: 12 }, (_, i) => party(`p${i}`)).sort((a, b) => (a.id < b.id ? -1 : 1))

const change = fc.record({
  what: fc.constantFrom('add', 'add', 'add', 'policy', 'remove'),
  channel: fc.integer({ min: 0, max: 25 }),
  a: fc.integer({ min: 0, max: 10 }),
  gap: fc.integer({ min: 1, max: 11 }),
  fee: fc.integer({ min: 0, max: 1000 }),
})
type Change = typeof change extends fc.Arbitrary<infer C> ? C : never

/** What a map would say. */
type Model = Map<ShortChannelId, { nodes: readonly [string, string]; fee: number | undefined }>

function apply(graph: Graph, model: Model, { what, channel, a, gap, fee }: Change): Graph {
  const id = scid(channel, 3)
  const [first, second] = [PARTIES[a], PARTIES[Math.min(a + gap, 11)]]
  if (first === undefined || second === undefined || first === second) return graph
  return editGraph(graph, draft => {
    const row = findChannel(draft, id)
    if (row === undefined) {
      if (what !== 'add') return
      model.set(id, { nodes: [first.id, second.id], fee: undefined })
      addChannel(draft, {
        shortChannelId: id,
        nodeIds: [first.id, second.id],
        capacitySat: sat(channel),
        fundingTxid: fundingTxid(id),
        isRoutable: true,
      })
    } else if (what === 'remove') {
      model.delete(id)
      removeChannel(draft, row)
    } else if (what === 'policy') {
      const known = model.get(id)
      if (known !== undefined) model.set(id, { ...known, fee })
      setPolicy(draft, row, 1, {
        timestamp: 1,
        isDisabled: false,
        cltvExpiryDelta: 1,
        htlcMinimumMsat: msat(0),
        htlcMaximumMsat: msat(2n ** 64n - 1n),
        feeBaseMsat: msat(fee),
        feeProportionalMillionths: 0,
        checksum: 0,
      })
    }
  })
}

describe('a graph', () => {
  it('says what a map would say, and what it said before stays', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120 }), changes => {
        const model: Model = new Map()
        let graph = EMPTY_GRAPH
        let [before, then] = [graph, contentsOf(graph)]
        for (const [index, one] of changes.entries()) {
          graph = apply(graph, model, one)
          if (index % 10 === 0) {
            expect(contentsOf(before)).toEqual(then)
            ;[before, then] = [graph, contentsOf(graph)]
          }
        }
        expect(graph.channelCount).toBe(model.size)
        for (const [id, { nodes, fee }] of model) {
          const row = findChannel(graph, id)
          const channel = row === undefined ? undefined : channelAt(graph, row)
          expect(channel?.nodeIds).toEqual(nodes)
          expect(channel?.policies[1]?.feeBaseMsat).toBe(fee === undefined ? undefined : BigInt(fee))
        }
        const named = new Set([...model.values()].flatMap(({ nodes }) => nodes))
        expect(graph.nodeCount).toBe(named.size)
        for (const { id } of PARTIES) expect(findNode(graph, id) !== undefined).toBe(named.has(id))
      }),
      { numRuns: 60 },
    )
  })

  it('finds each of thousands of channels, through every doubling of its heads', () => {
    const count = 3000
    const [a, b] = PARTIES
    if (a === undefined || b === undefined) throw new Error('there are twelve')
    const all = Array.from({ length: count }, (_, i) => scid(1 + i, i % 7, i % 3))
    const graph = editGraph(EMPTY_GRAPH, draft => {
      for (const id of all) {
        const nodeIds = [a.id, b.id] as const
        addChannel(draft, {
          shortChannelId: id,
          nodeIds,
          capacitySat: sat(1),
          fundingTxid: fundingTxid(id),
          isRoutable: true,
        })
      }
    })
    for (const id of all) {
      const row = findChannel(graph, id)
      expect(row !== undefined && channelAt(graph, row).shortChannelId).toBe(id)
    }
    expect(findChannel(graph, scid(count + 1))).toBeUndefined()
    expect([graph.channelCount, graph.nodeCount]).toEqual([count, 2])
    // Every second one goes, and half of those come back into the rows that were left.
    const idOf = (i: number) => all[i] ?? scid(0)
    const less = editGraph(graph, draft => {
      for (let i = 0; i < count; i += 2) {
        const row = findChannel(draft, idOf(i))
        if (row !== undefined) removeChannel(draft, row)
      }
    })
    const more = editGraph(less, draft => {
      for (let i = 0; i < count; i += 4) {
        const nodeIds = [a.id, b.id] as const
        const [shortChannelId, capacitySat] = [idOf(i), sat(7)]
        addChannel(draft, { shortChannelId, nodeIds, capacitySat, fundingTxid: fundingTxid(idOf(i)), isRoutable: true })
      }
    })
    const capacities = (of: Graph) =>
      all.map(id => {
        const row = findChannel(of, id)
        return row === undefined ? undefined : channelAt(of, row).capacitySat
      })
    expect(capacities(graph)).toEqual(all.map(() => 1n))
    expect(capacities(less)).toEqual(all.map((_, i) => (i % 2 === 0 ? undefined : 1n)))
    expect(capacities(more)).toEqual(all.map((_, i) => (i % 4 === 0 ? 7n : i % 2 === 0 ? undefined : 1n)))
    expect([less.channelCount, more.channelCount, more.channels.rows]).toEqual([1500, 2250, count])
    for (const [i, id] of all.entries()) {
      const rows = channelsFundedBy(more, { txid: fundingTxid(id), vout: i % 3 })
      expect(rows.map(row => channelAt(more, row).shortChannelId)).toEqual(i % 4 === 0 || i % 2 === 1 ? [id] : [])
    }
    const emptied = editGraph(more, draft => {
      for (const row of [...channelRows(draft)]) removeChannel(draft, row)
    })
    expect(contentsOf(emptied)).toEqual(contentsOf(EMPTY_GRAPH))
  })
})

const SOURCE = party('source')
const CHANNELS = [0, 1, 2, 3].map(i => ({ a: PARTIES[i] ?? SOURCE, b: PARTIES[i + 1] ?? SOURCE, id: scid(200 + i) }))
const UPDATES = CHANNELS.flatMap(({ a, b, id }) =>
  [1, 2, 3].flatMap(n => [
    update(a, b, id, { timestamp: NOW_S + n, feeBaseMsat: msat(n) }),
    update(b, a, id, { timestamp: NOW_S - n, feeBaseMsat: msat(n) }),
  ]),
)
const NODES = CHANNELS.flatMap(({ a }) => [1, 2].map(n => nodeAnnouncement(a, { timestamp: NOW_S + n })))

describe('gossip in any order', () => {
  it('makes the same graph and the same records', () => {
    const learnt = (order: readonly number[]) => {
      const gossiper = new Gossiper(party('us'))
      gossiper.meet(SOURCE)
      const messages = [...UPDATES, ...NODES]
      // Channels come somewhere; what needs one and came before it comes once more at the end, as it does in a network.
      const steps = [...CHANNELS.map(channel => ({ channel })), ...messages.map(message => ({ message }))]
      const shuffled = order.map(at => steps[at] ?? { channel: CHANNELS[0] })
      for (const step of [...shuffled, ...shuffled]) {
        if ('message' in step) gossiper.hear(SOURCE, step.message)
        else if (step.channel !== undefined) gossiper.learn(SOURCE, step.channel.a, step.channel.b, step.channel.id)
      }
      return { contents: contentsOf(gossiper.state.graph), records: new Map([...gossiper.records].sort()) }
    }
    const count = CHANNELS.length + UPDATES.length + NODES.length
    const plain = learnt(Array.from({ length: count }, (_, at) => at))
    const orders = fc.shuffledSubarray(
      Array.from({ length: count }, (_, at) => at),
      { minLength: count },
    )
    fc.assert(
      fc.property(orders, order => {
        expect(learnt(order)).toEqual(plain)
      }),
      { numRuns: 25 },
    )
    expect(plain.contents.counts).toEqual([4, 5])
  })
})

describe('the checksum of an update', () => {
  it('is that of RFC 3720, appendix B.4, of all parts together', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
    expect(
      crc32c(
        Uint8Array.from({ length: 12 }, (_, i) => i),
        Uint8Array.from({ length: 20 }, (_, i) => 12 + i),
      ),
    ).toBe(0x46dd794e)
  })
})
