import {
  type BlockHash,
  type DecodeFailure,
  decode,
  emptyPMap,
  err,
  hasShape,
  jsonDecode,
  type NodeId,
  ok,
  outPointKey,
  type PMap,
  pmapGet,
  pmapSet,
  type Result,
  type Shape,
  toHex,
  u64Number,
} from '../base/index.ts'
import { type GossipState, newGossip } from '../gossip/index.ts'
import { loadLink } from '../link/index.ts'
import { loadPayments } from '../payment/index.ts'
import { newPeer, type PeerAddress } from '../peer/index.ts'
import { loadWallet } from '../wallet/index.ts'
import type { ShortChannelId } from '../wire/index.ts'
import {
  BLOCKS,
  CHANNELS,
  CHARGES,
  NEXT_LINK,
  NEXT_TOWER_JOB,
  NODE,
  nameKey,
  PEERS,
  STORAGE_OF,
  TOWER_ACKED,
  WALLET,
} from './keys.ts'
import { namesOf } from './links.ts'
import { renamed } from './shortIds.ts'
import { loadHeld } from './storage/state.ts'
import { loadTowers } from './towers/state.ts'
import type { Charge, EngineContext, EngineState, Link, PeerEntry, SeenBlock } from './types.ts'

type Records = ReadonlyMap<string, Uint8Array>

export interface LoadOptions {
  /** Every record under `LOADED_PREFIXES`. */
  readonly records: Records
  /** Of the newest event in the log; 0 without one. */
  readonly lastEvent: number
  readonly context: Pick<EngineContext, 'walletKeys' | 'limits'>
  /** What `loadGossip` has made of the records under `GOSSIP`. Default: nothing is known of the network. */
  readonly gossip?: GossipState
}

/** A node from its records. Its first input is `started`. Cost: one pass over the records, and a derivation for each address. */
export function loadEngine(options: LoadOptions): Result<EngineState, DecodeFailure> {
  const { records, lastEvent, context, gossip = newGossip() } = options
  const sorted = sortedOut(records)
  const wallet = loadWallet(sorted.wallet, { keys: context.walletKeys, limits: context.limits.wallet })
  if (!wallet.ok) return wallet
  const payments = loadPayments(sorted.others)
  if (!payments.ok) return payments
  const peers = loadPeers(sorted.peers)
  if (!peers.ok) return peers
  const nextLink = records.get(NEXT_LINK)
  const next = nextLink === undefined ? ok(0) : decode(u64Number, nextLink)
  if (!next.ok) return next
  const charges = loadCharges(records)
  if (!charges.ok) return charges
  const storage = loadHeld(sorted.storage)
  if (!storage.ok) return storage
  const towers = loadTowers(records.get(NEXT_TOWER_JOB), sorted.towers)
  if (!towers.ok) return towers
  const empty: EngineState = {
    blocks: sorted.blocks,
    peers: peers.value,
    links: emptyPMap(),
    names: emptyPMap(),
    shortIds: emptyPMap(),
    watchers: emptyPMap(),
    moved: new Set(),
    movedLast: new Set(),
    nextLink: next.value,
    nextEvent: lastEvent + 1,
    charges: charges.value,
    lostInputs: new Map(),
    wallet: wallet.value,
    payments: payments.value,
    gossip,
    unsaved: undefined,
    storage: storage.value,
    towers: towers.value,
  }
  return loadLinks(empty, sorted.channels)
}

interface Sorted {
  readonly blocks: SeenBlock[]
  readonly peers: Map<string, Uint8Array>
  readonly wallet: Map<string, Uint8Array>
  /** The records of each channel, with their whole keys. */
  readonly channels: Map<string, Map<string, Uint8Array>>
  /** What we keep for peers, by peer. */
  readonly storage: Map<string, Uint8Array>
  /** What towers have, by tower. */
  readonly towers: Map<string, Uint8Array>
  readonly others: Map<string, Uint8Array>
}

function sortedOut(records: Records): Sorted {
  const sorted: Sorted = {
    blocks: [],
    peers: new Map(),
    wallet: new Map(),
    channels: new Map(),
    storage: new Map(),
    towers: new Map(),
    others: new Map(),
  }
  for (const [key, value] of records) {
    if (key.startsWith(CHANNELS)) {
      const id = key.slice(CHANNELS.length, key.indexOf('/', CHANNELS.length))
      const ofChannel = sorted.channels.get(id) ?? new Map<string, Uint8Array>()
      if (ofChannel.size === 0) sorted.channels.set(id, ofChannel)
      ofChannel.set(key, value)
    } else if (key.startsWith(BLOCKS)) {
      // The keys and hashes are our own.
      sorted.blocks.push({ height: Number(key.slice(BLOCKS.length)), hash: toHex(value) as BlockHash })
    } else if (key.startsWith(PEERS)) sorted.peers.set(key.slice(PEERS.length), value)
    else if (key.startsWith(WALLET)) sorted.wallet.set(key.slice(WALLET.length), value)
    else if (key.startsWith(STORAGE_OF)) sorted.storage.set(key.slice(STORAGE_OF.length), value)
    else if (key.startsWith(TOWER_ACKED)) sorted.towers.set(key.slice(TOWER_ACKED.length), value)
    else if (!key.startsWith(NODE)) sorted.others.set(key, value)
  }
  sorted.blocks.sort((a, b) => a.height - b.height)
  return sorted
}

interface StoredPeer {
  readonly asked: boolean
  readonly addresses: readonly PeerAddress[]
}

function loadPeers(records: Records): Result<PMap<PeerEntry>, DecodeFailure> {
  let peers = emptyPMap<PeerEntry>()
  for (const [key, value] of records) {
    const stored = shaped<StoredPeer>(`${PEERS}${key}`, value, PEER)
    if (!stored.ok) return stored
    const { asked, addresses } = stored.value
    const nodeId = key as NodeId // our own key
    const fresh = newPeer(nodeId)
    const state = { ...fresh, dial: { ...fresh.dial, addresses } }
    peers = pmapSet(peers, nodeId, { state, links: [], asked, waiting: [] })
  }
  return ok(peers)
}

function loadCharges(records: Records): Result<PMap<Charge>, DecodeFailure> {
  let charges = emptyPMap<Charge>()
  for (const [key, value] of records) {
    if (!key.startsWith(CHARGES)) continue
    const stored = shaped<Charge>(key, value, CHARGE)
    if (!stored.ok) return stored
    charges = pmapSet(charges, key.slice(CHARGES.length), stored.value)
  }
  return ok(charges)
}

interface StoredLink {
  readonly peer: NodeId
  readonly createdAt: number
  readonly alias?: ShortChannelId
}

function loadLinks(state: EngineState, channels: ReadonlyMap<string, Records>): Result<EngineState, DecodeFailure> {
  let { peers, links, names, shortIds, watchers } = state
  for (const [id, records] of channels) {
    const about = records.get(`${CHANNELS}${id}/peer`)
    const stored = about === undefined ? missing(id) : shaped<StoredLink>(`${CHANNELS}${id}/peer`, about, LINK)
    if (!stored.ok) return stored
    const loaded = loadLink(records)
    if (!loaded.ok) return loaded
    const { channel, watched } = loaded.value
    if (channel === undefined || !('durable' in channel)) return missing(id)
    const { peer, createdAt, alias } = stored.value
    const index = channel.durable.params.channelKeyIndex
    const link: Link = { index, peer, createdAt, ...(alias !== undefined && { alias }), state: loaded.value }
    links = pmapSet(links, String(index), link)
    shortIds = renamed(shortIds, undefined, link)
    for (const name of namesOf(channel)) names = pmapSet(names, nameKey(peer, name), index)
    for (const outpoint of watched.values()) {
      const key = outPointKey(outpoint)
      watchers = pmapSet(watchers, key, [...(pmapGet(watchers, key) ?? []), index])
    }
    const entry = pmapGet(peers, peer) ?? { state: newPeer(peer), links: [], asked: false, waiting: [] }
    peers = pmapSet(peers, peer, { ...entry, links: [...entry.links, index] })
  }
  return ok({ ...state, peers, links, names, shortIds, watchers })
}

const PEER: Shape = { asked: 'boolean', addresses: 'list' }
const CHARGE: Shape = { token: 'string', amountMsat: 'bigint' }
const LINK: Shape = { peer: 'string', createdAt: 'number', alias: 'string?' }

/** A record of JSON, if it is what it should be. */
function shaped<T>(key: string, bytes: Uint8Array, shape: Shape): Result<T, DecodeFailure> {
  const record = jsonDecode<T>(bytes)
  if (!record.ok || hasShape(record.value, shape)) return record
  return err({ code: 'invalid', message: `expected a whole record under ${key}, got another one` })
}

function missing(id: string): { readonly ok: false; readonly error: DecodeFailure } {
  return err({ code: 'invalid', message: `the records of channel ${id} are not complete` })
}
