import { type ChannelId, decode, encode, type NodeId, remainder, struct, type Txid, u32 } from '../base/index.ts'
import { type ShortChannelId, satoshis, txidCodec } from '../wire/index.ts'
import { type Direction, scidWords } from './graph.ts'

// What of the network is stored: each message as it came, under a key that sorts by block, and what the chain said of the channel.
//
//   gossip/channel/<scid>         funding txid, capacity, channel_announcement
//   gossip/node/<node id>         node_announcement
//   gossip/own/<channel id>       how far the announcement of a channel of ours is
//   gossip/own-node              our last node_announcement
//   gossip/refused-node/<node id> a node whose keys have leaked
//   gossip/spent/<scid>           the height at which the funding was spent
//   gossip/update/<scid>/<0|1>    channel_update of that direction
//
// A start reads them in this order: a channel comes before what is said of it.

export const GOSSIP = 'gossip/'
export const CHANNEL_RECORDS = `${GOSSIP}channel/`
export const NODE_RECORDS = `${GOSSIP}node/`
export const OWN_RECORDS = `${GOSSIP}own/`
export const OWN_NODE_RECORD = `${GOSSIP}own-node`
export const BLACKLIST_RECORDS = `${GOSSIP}refused-node/`
export const SPENT_RECORDS = `${GOSSIP}spent/`
export const UPDATE_RECORDS = `${GOSSIP}update/`

/** Whether it holds what we have said ourselves. */
export const isOwnRecord = (key: string): boolean => key.startsWith(OWN_RECORDS) || key === OWN_NODE_RECORD

export function scidHex(id: ShortChannelId): string {
  const { high, low } = scidWords(id)
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}

export const channelKey = (id: ShortChannelId): string => `${CHANNEL_RECORDS}${scidHex(id)}`
export const spentKey = (id: ShortChannelId): string => `${SPENT_RECORDS}${scidHex(id)}`
export const updateKey = (id: ShortChannelId, direction: Direction): string =>
  `${UPDATE_RECORDS}${scidHex(id)}/${direction}`
export const nodeKey = (id: NodeId): string => `${NODE_RECORDS}${id}`
export const ownKey = (id: ChannelId): string => `${OWN_RECORDS}${id}`
export const blacklistKey = (id: NodeId): string => `${BLACKLIST_RECORDS}${id}`

/** `message`: the whole `channel_announcement`, type first. */
export const channelRecord = struct({ fundingTxid: txidCodec, capacitySat: satoshis, message: remainder })

export function encodeChannelRecord(record: {
  readonly fundingTxid: Txid
  readonly capacitySat: bigint
  readonly message: Uint8Array
}): Uint8Array {
  // A capacity is an amount in satoshis.
  return encode(channelRecord, record as Parameters<typeof channelRecord.write>[1])
}

export const encodeSpent = (height: number): Uint8Array => encode(u32, height)
export const decodeSpent = (bytes: Uint8Array) => decode(u32, bytes)
