import fc from 'fast-check'
import { msat } from '../../src/base/index.ts'
import type {
  GossipMessage,
  GossipQueryMessage,
  NodeAddress,
  QueryShortChannelIds,
  ReplyChannelRange,
  ShortChannelId,
} from '../../src/wire/index.ts'
import {
  arbitraryChannelId,
  arbitraryNodeId,
  arbitraryShortChannelId,
  bytesOf,
  chainHash,
  message,
  millisatoshis,
  point,
  signature,
  someBytes,
  u8,
  u16,
  u32,
  u64,
} from './arbitraryFields.ts'

const addressOf = (type: Exclude<NodeAddress['type'], 'unknown'>, address: fc.Arbitrary<Uint8Array>) =>
  fc.record({ type: fc.constant(type), address, port: u16 })

const knownAddress: fc.Arbitrary<NodeAddress> = fc.oneof(
  addressOf('ipv4', bytesOf(4)),
  addressOf('ipv6', bytesOf(16)),
  addressOf('tor_v2', bytesOf(10)),
  addressOf('tor_v3', bytesOf(35)),
  addressOf('dns', fc.uint8Array({ maxLength: 255 })),
)
const unknownAddress: fc.Arbitrary<NodeAddress> = fc.record({
  type: fc.constant('unknown' as const),
  descriptorType: u8.filter(type => type < 1 || type > 5),
  data: someBytes,
})
/** In any order, since others wrote them; what follows an unknown type belongs to it. */
export const arbitraryAddresses: fc.Arbitrary<readonly NodeAddress[]> = fc
  .tuple(fc.array(knownAddress, { maxLength: 4 }), fc.option(unknownAddress))
  .map(([known, unknown]) => (unknown === null ? known : [...known, unknown]))

const timestamps = fc.record({ timestampNodeId1: u32, timestampNodeId2: u32 })
const checksums = fc.record({ checksumNodeId1: u32, checksumNodeId2: u32 })
const shortChannelIds = fc.array(arbitraryShortChannelId, { maxLength: 5 })

/** As many items as there are channels. */
const forEach = <T>(ids: readonly ShortChannelId[], item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> =>
  fc.array(item, { minLength: ids.length, maxLength: ids.length })

const query: fc.Arbitrary<QueryShortChannelIds> = shortChannelIds.chain(ids =>
  message(
    'query_short_channel_ids',
    { chainHash, shortChannelIds: fc.constant(ids) },
    { queryFlags: forEach(ids, u64) },
  ),
)
const reply: fc.Arbitrary<ReplyChannelRange> = shortChannelIds.chain(ids =>
  message(
    'reply_channel_range',
    {
      chainHash,
      firstBlocknum: u32,
      numberOfBlocks: u32,
      syncComplete: fc.boolean(),
      shortChannelIds: fc.constant(ids),
    },
    { timestamps: forEach(ids, timestamps), checksums: forEach(ids, checksums) },
  ),
)

type Gossip = GossipMessage | GossipQueryMessage

export const gossipArbitraries: { readonly [K in Gossip['type']]: fc.Arbitrary<Extract<Gossip, { type: K }>> } = {
  announcement_signatures: message(
    'announcement_signatures',
    {
      channelId: arbitraryChannelId,
      shortChannelId: arbitraryShortChannelId,
      nodeSignature: signature,
      bitcoinSignature: signature,
    },
    {},
  ),
  channel_announcement: message(
    'channel_announcement',
    {
      nodeSignature1: signature,
      nodeSignature2: signature,
      bitcoinSignature1: signature,
      bitcoinSignature2: signature,
      features: someBytes,
      chainHash,
      shortChannelId: arbitraryShortChannelId,
      nodeId1: arbitraryNodeId,
      nodeId2: arbitraryNodeId,
      bitcoinKey1: point,
      bitcoinKey2: point,
      unknownFields: someBytes,
    },
    {},
  ),
  node_announcement: message(
    'node_announcement',
    {
      signature,
      features: someBytes,
      timestamp: u32,
      nodeId: arbitraryNodeId,
      rgbColor: bytesOf(3),
      alias: bytesOf(32),
      addresses: arbitraryAddresses,
      unknownFields: someBytes,
    },
    {},
  ),
  channel_update: message(
    'channel_update',
    {
      signature,
      chainHash,
      shortChannelId: arbitraryShortChannelId,
      timestamp: u32,
      messageFlags: u8,
      channelFlags: u8,
      cltvExpiryDelta: u16,
      htlcMinimumMsat: millisatoshis,
      feeBaseMsat: u32.map(msat),
      feeProportionalMillionths: u32,
      htlcMaximumMsat: millisatoshis,
      unknownFields: someBytes,
    },
    {},
  ),
  query_short_channel_ids: query,
  reply_short_channel_ids_end: message('reply_short_channel_ids_end', { chainHash, fullInformation: fc.boolean() }, {}),
  query_channel_range: message(
    'query_channel_range',
    { chainHash, firstBlocknum: u32, numberOfBlocks: u32 },
    { queryOption: u64 },
  ),
  reply_channel_range: reply,
  gossip_timestamp_filter: message(
    'gossip_timestamp_filter',
    { chainHash, firstTimestamp: u32, timestampRange: u32 },
    {},
  ),
}
