import { fixedBytes, remainder, struct, u8, u16, u32, type ValueOf } from '../../base/index.ts'
import {
  bytes32,
  chainHash,
  channelIdCodec,
  millisatoshis,
  millisatoshis32,
  nodeIdCodec,
  point,
  shortBytes,
  signature,
} from '../fundamental.ts'
import { sized } from '../sequences.ts'
import { shortChannelIdCodec } from '../shortChannelId.ts'
import { extended } from '../tlv.ts'
import { nodeAddresses } from './nodeAddress.ts'
import type { MessageTable } from './table.ts'

// Announcing channels and nodes (BOLT 7). The signatures of the three messages that travel on cover every byte behind
// them, fields that we do not know included. So `unknownFields` keeps those, and what was read is written back byte for byte.

const announcementSignaturesCodec = extended(
  struct({
    channelId: channelIdCodec,
    shortChannelId: shortChannelIdCodec,
    nodeSignature: signature,
    bitcoinSignature: signature,
  }),
  {},
)
/** The sender's half of the signatures of a `channel_announcement` (BOLT 7, the `announcement_signatures` message). */
export interface AnnouncementSignatures extends ValueOf<typeof announcementSignaturesCodec> {
  readonly type: 'announcement_signatures'
}

const channelAnnouncementCodec = struct({
  nodeSignature1: signature,
  nodeSignature2: signature,
  bitcoinSignature1: signature,
  bitcoinSignature2: signature,
  features: shortBytes,
  chainHash,
  shortChannelId: shortChannelIdCodec,
  nodeId1: nodeIdCodec,
  nodeId2: nodeIdCodec,
  bitcoinKey1: point,
  bitcoinKey2: point,
  unknownFields: remainder,
})
/** Two nodes prove that a funding output is theirs (BOLT 7, the `channel_announcement` message). */
export interface ChannelAnnouncement extends ValueOf<typeof channelAnnouncementCodec> {
  readonly type: 'channel_announcement'
}

const nodeAnnouncementCodec = struct({
  signature,
  features: shortBytes,
  timestamp: u32,
  nodeId: nodeIdCodec,
  /** Red, green, blue. */
  rgbColor: fixedBytes(3),
  /** Meant as UTF-8 padded with zeros, but others wrote it: any bytes. */
  alias: bytes32,
  addresses: sized(u16, nodeAddresses),
  unknownFields: remainder,
})
/** What a node says of itself (BOLT 7, the `node_announcement` message). */
export interface NodeAnnouncement extends ValueOf<typeof nodeAnnouncementCodec> {
  readonly type: 'node_announcement'
}

const channelUpdateCodec = struct({
  signature,
  chainHash,
  shortChannelId: shortChannelIdCodec,
  timestamp: u32,
  messageFlags: u8,
  channelFlags: u8,
  cltvExpiryDelta: u16,
  htlcMinimumMsat: millisatoshis,
  feeBaseMsat: millisatoshis32,
  feeProportionalMillionths: u32,
  htlcMaximumMsat: millisatoshis,
  unknownFields: remainder,
})
/** What one end of a channel asks for relaying through it (BOLT 7, the `channel_update` message). */
export interface ChannelUpdate extends ValueOf<typeof channelUpdateCodec> {
  readonly type: 'channel_update'
}

/** What nodes tell each other of the network (BOLT 7). */
export type GossipMessage = AnnouncementSignatures | ChannelAnnouncement | NodeAnnouncement | ChannelUpdate

export const gossipMessages: MessageTable<GossipMessage> = {
  channel_announcement: [256, channelAnnouncementCodec],
  node_announcement: [257, nodeAnnouncementCodec],
  channel_update: [258, channelUpdateCodec],
  announcement_signatures: [259, announcementSignaturesCodec],
}
