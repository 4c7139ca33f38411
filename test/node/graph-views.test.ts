import { expect, test } from 'vitest'
import { fromHex, msat, type NodeId, sat, type Txid, utf8Encode } from '../../src/base/index.ts'
import { addChannel, EMPTY_GRAPH, editGraph, newGossip, nodeKey, setPolicy } from '../../src/gossip/index.ts'
import { addressText, aliasText } from '../../src/node/announcedText.ts'
import { graphNode, graphPage, graphSummary } from '../../src/node/graphViews.ts'
import { memoryStore } from '../../src/storage/index.ts'
import { encodeMessage, shortChannelId } from '../../src/wire/index.ts'

// The network as users see it.

const node = (value: number) => `02${value.toString(16).padStart(64, '0')}` as NodeId
const scid = (blockHeight: number) => shortChannelId({ blockHeight, txIndex: 1, outputIndex: 0 })
const POLICY = {
  timestamp: 1_700_000_000,
  isDisabled: true,
  cltvExpiryDelta: 40,
  htlcMinimumMsat: msat(1),
  htlcMaximumMsat: msat(90_000_000),
  feeBaseMsat: msat(1_000),
  feeProportionalMillionths: 5,
  checksum: 7,
}

/** A star: the first node has a channel with each of the others. */
function star(count: number) {
  const graph = editGraph(EMPTY_GRAPH, draft => {
    for (let i = 1; i <= count; i++) {
      addChannel(draft, {
        shortChannelId: scid(i),
        nodeIds: [node(0), node(i)],
        capacitySat: sat(i * 1_000),
        fundingTxid: i.toString(16).padStart(64, '0') as Txid,
        isRoutable: true,
      })
    }
    setPolicy(draft, 0, 1, POLICY)
  })
  return newGossip(graph)
}

test('a summary counts, and knows how old the newest word is', () => {
  expect(graphSummary(newGossip())).toEqual({
    nodes: 0,
    channels: 0,
    capacitySat: 0n,
    newestUpdateAt: undefined,
    syncedAt: undefined,
  })
  const gossip = { ...star(3), sync: { peer: undefined, doneAt: 5 } }
  expect(graphSummary(gossip)).toEqual({
    nodes: 4,
    channels: 3,
    capacitySat: 6_000n,
    newestUpdateAt: 1_700_000_000_000,
    syncedAt: 5,
  })
})

test('pages go on where the one before has ended, and hold 1,000 channels at most', () => {
  const gossip = star(2_500)
  const seen: string[] = []
  let after: number | undefined
  const sizes: number[] = []
  do {
    const page = graphPage(gossip, { limit: 5_000, ...(after !== undefined && { after }) })
    sizes.push(page.channels.length)
    for (const channel of page.channels) seen.push(channel.shortChannelId)
    after = page.next
  } while (after !== undefined)
  expect(sizes).toEqual([1_000, 1_000, 500])
  expect(new Set(seen).size).toBe(2_500)
  expect(graphPage(gossip).channels).toHaveLength(100)
  const { checksum: _, timestamp, isDisabled, ...asked } = POLICY
  expect(graphPage(gossip, { limit: 1 }).channels).toEqual([
    {
      shortChannelId: scid(1),
      nodeIds: [node(0), node(1)],
      capacitySat: 1_000n,
      policies: [undefined, { ...asked, disabled: isDisabled, updatedAt: timestamp * 1000 }],
      spentHeight: undefined,
    },
  ])
  expect(graphPage(newGossip())).toEqual({ channels: [], next: undefined })
})

test('a node is shown with what it says of itself, or without; one that nobody announces is not there', async () => {
  const gossip = star(2)
  const said = encodeMessage({
    type: 'node_announcement',
    signature: new Uint8Array(64),
    features: new Uint8Array(0),
    timestamp: 1,
    nodeId: node(0),
    rgbColor: Uint8Array.of(0x33, 0x99, 0xff),
    alias: padded(utf8Encode('bo\u001b[2Jb')),
    addresses: [
      { type: 'ipv4', address: Uint8Array.of(192, 0, 2, 7), port: 9735 },
      { type: 'tor_v2', address: new Uint8Array(10), port: 9735 },
    ],
    unknownFields: new Uint8Array(0),
  })
  const store = memoryStore(new Map([[nodeKey(node(0)), said]]))
  expect(await graphNode(gossip, store, node(0))).toMatchObject({
    channelCount: 2,
    capacitySat: 3_000n,
    alias: 'bo\ufffd[2Jb',
    color: '#3399ff',
    addresses: ['192.0.2.7:9735'],
  })
  expect(await graphNode(gossip, store, node(1))).toMatchObject({ alias: undefined, color: undefined, addresses: [] })
  await expect(graphNode(gossip, store, node(9))).rejects.toMatchObject({ code: 'not_found' })
  await expect(graphNode(gossip, store, 'x' as NodeId)).rejects.toMatchObject({ code: 'bad_request' })
})

test.each([
  [utf8Encode('plain'), 'plain'],
  [utf8Encode('grün 🚀'), 'grün 🚀'],
  [Uint8Array.of(0xff, 0x41), '\ufffdA'],
  [utf8Encode('a\u202eb\u2028c\r\n'), 'a\ufffdb\ufffdc\ufffd\ufffd'],
  [Uint8Array.of(0x41, 0, 0x42), 'A'],
])('an alias %j is printed as %s', (bytes, text) => {
  expect(aliasText(bytes.length < 32 ? padded(bytes) : bytes)).toBe(text)
})

test.each([
  [{ type: 'ipv4', address: Uint8Array.of(127, 0, 0, 1), port: 1 } as const, '127.0.0.1:1'],
  [{ type: 'ipv6', address: fromHex('20010db8000000000000000000000001'), port: 9735 } as const, '[2001:db8::1]:9735'],
  [
    // The address of the Tor project's own site, version 3: its key, checksum and version.
    {
      type: 'tor_v3',
      address: fromHex('d1b38b83a83b3ed918c5bb69dd444ad56bc8d5835a914de73447474e5f02591bddd903'),
      port: 9735,
    } as const,
    '2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion:9735',
  ],
  [{ type: 'dns', address: utf8Encode('example.org'), port: 80 } as const, 'example.org:80'],
  [{ type: 'unknown', descriptorType: 9, data: new Uint8Array(3) } as const, undefined],
])('an address %j is printed as %s', (address, text) => {
  expect(addressText(address)).toBe(text)
})

function padded(bytes: Uint8Array): Uint8Array {
  const alias = new Uint8Array(32)
  alias.set(bytes)
  return alias
}
