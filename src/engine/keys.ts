import type { ChannelId, NodeId } from '../base/index.ts'

// Where the node's records are in the store. What stands below a prefix is its room's.
//
//   block/<height>             the hash of a block that we have seen: the newest ones
//   channel/<channel id>/…     a link, and `peer`: whom it is with
//   archive/<channel id>/…     its past, loaded only when it is asked for
//   peer/<node id>             how to reach a peer, and whether the user asked to
//   wallet/…                   the coins
//   invoice/… payment/… …      the payments; part/… forward/…: HTLCs that wait to be
//                              answered; policy/… onion/…: what we ask for passing payments on, and the onions that were opened;
//                              claimed/…: HTLCs that the chain has paid us for unasked
//   request/<idempotency key>  what came of a call that is carried out once
//   request-age/<ms>/<key>     since when that is remembered
//   event/<number>             the log
//   storage-of/<node id>        for whom we keep something, and storage-blob/<node id> what: never loaded with the rest
//   tower-job/<number>           a commitment that was revoked, for towers: never loaded with the rest
//   tower-acked/<node id>        up to which of these a tower has all
//   node/charge/<link index>   what a token was charged for a channel that is being opened
//   node/charge/send/<txid>    what it was charged for a payment on chain that is not final
//   node/next-link             the index of the next link
//   node/next-tower-job        the number of the next job for towers
//   node/birth-height          where a node without blocks begins to read them: after a restore

export const BLOCKS = 'block/'
export const PEERS = 'peer/'
export const WALLET = 'wallet/'
export const CHANNELS = 'channel/'
export const EVENTS = 'event/'
/** The room of payments names these itself. */
export const IN_FLIGHT = 'in-flight/'
export const TOKENS = 'token/'
export const STORAGE_OF = 'storage-of/'
export const TOWER_ACKED = 'tower-acked/'
export const TOWER_JOBS = 'tower-job/'
export const NODE = 'node/'
export const CHARGES = 'node/charge/'
export const NEXT_LINK = 'node/next-link'
export const NEXT_TOWER_JOB = 'node/next-tower-job'
export const BIRTH_HEIGHT = 'node/birth-height'

/** What a start loads. The rest (events, ended payments, archives, requests) only grows, and is read when it is asked for. */
export const LOADED_PREFIXES: readonly string[] = [
  BLOCKS,
  PEERS,
  WALLET,
  CHANNELS,
  NODE,
  'invoice/',
  IN_FLIGHT,
  TOKENS,
  'payments/',
  'part/',
  'forward/',
  'policy/',
  'onion/',
  'claimed/',
  STORAGE_OF,
  TOWER_ACKED,
]

export const blockKey = (height: number): string => `${BLOCKS}${String(height).padStart(10, '0')}`
export const peerKey = (id: NodeId): string => `${PEERS}${id}`
export const eventKey = (number: number): string => `${EVENTS}${String(number).padStart(16, '0')}`
export const chargeKey = (name: string): string => `${CHARGES}${name}`
export const towerAckedKey = (id: NodeId): string => `${TOWER_ACKED}${id}`
export const towerJobKey = (number: number): string => `${TOWER_JOBS}${String(number).padStart(16, '0')}`
export const storageOfKey = (id: NodeId): string => `${STORAGE_OF}${id}`
export const storageBlobKey = (id: NodeId): string => `storage-blob/${id}`
/** Beside the link's own records. */
export const linkPeerKey = (id: ChannelId): string => `${CHANNELS}${id}/peer`

/** What a peer calls a channel is its own affair: two peers may use one name. */
export const nameKey = (peer: NodeId, id: ChannelId): string => `${id}${peer}`
