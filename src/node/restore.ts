import { BookendError, type DecodeFailure, type NodeId, nodeId as nodeIdOf } from '../base/index.ts'
import { publicKeyFromSecret } from '../crypto/index.ts'
import { recalledRecords, restoredRecords, type StoredList } from '../engine/index.ts'
import { keysFromPhrase, type SeedPhrase } from '../keys/index.ts'
import type { NetAddress, Store, Timers } from '../ports/index.ts'
import { type Asking, askForList } from './askForList.ts'
import { openBackup } from './backup.ts'
import type { NetOption } from './options.ts'
import { HOST_TIMERS } from './timers.ts'
import type { NetworkName } from './types.ts'

export interface RestoreBackupOptions {
  /** The bytes of the file. */
  readonly backup: Uint8Array
  readonly phrase: SeedPhrase
  /** An empty one. It stays open. */
  readonly store: Store
  /** Read the chain from this height, in place of the newest block that the backup knows. */
  readonly birthHeight?: number
  /** Milliseconds since 1970. Default: the host's clock. */
  readonly now?: number
}

export interface RestoredNode {
  readonly nodeId: NodeId
  readonly network: NetworkName
  /** When the backup was made, in milliseconds since 1970. */
  readonly createdAt: number
  /** Channels that their peers will be asked to close. */
  readonly channelsToClose: number
}

/**
 * Fills an empty store out of a backup, so that a node with the same words goes on from there without harm: it finds its coins, and
 * asks the peer of every channel whose end had not begun to close it with its newest commitment. However old the backup is, nothing
 * is published or signed that it says. Rejects with a `BookendError`; then nothing is stored.
 */
export async function restoreBackup(options: RestoreBackupOptions): Promise<RestoredNode> {
  const { store, birthHeight, now = Date.now() } = options
  const opened = openBackup(options.backup, options.phrase)
  if (!opened.ok) throw opened.error
  const { nodeId, network, createdAt, records } = opened.value
  const made = new Date(createdAt).toISOString()
  const reason = `this node has lost its data and goes on from a backup of ${made}: its peer has to publish its newest commitment`
  const restored = restoredRecords(records, { now, reason, ...(birthHeight !== undefined && { birthHeight }) })
  if (!restored.ok) throw unreadable('The backup', restored.error)
  await fill(store, restored.value.records)
  return { nodeId, network, createdAt, channelsToClose: restored.value.channelsToClose }
}

/**
 * Prepares an empty store for words that were used before, where no backup is left: the coins on the chain are found from
 * `birthHeight` on. Channels are not, since nothing but their records says where they are.
 */
export async function restoreWords(options: {
  readonly store: Store
  readonly birthHeight: number
  readonly now?: number
}): Promise<void> {
  const { store, birthHeight, now = Date.now() } = options
  const none = restoredRecords(new Map(), { now, birthHeight, reason: '' })
  // No record is read, so none can be damaged.
  if (none.ok) await fill(store, none.value.records)
}

export interface RestoreFromPeersOptions {
  readonly phrase: SeedPhrase
  /** Peers with a channel, of which one at least is honest and keeps our list. */
  readonly peers: readonly { readonly nodeId: NodeId; readonly address: NetAddress }[]
  /** Default: regtest. */
  readonly network?: NetworkName
  /** How peers are reached. Nothing is listened on. */
  readonly net: NetOption
  /** An empty one. It stays open. */
  readonly store: Store
  /** Read the chain from this height, in place of the oldest of the channels: needed for coins that came before it. */
  readonly birthHeight?: number
  /** How long each peer may take, in milliseconds. Default: 30 seconds. */
  readonly patienceMs?: number
  /** Milliseconds since 1970. Default: the host's clock. */
  readonly now?: number
  /** Default: the host's. */
  readonly timers?: Timers
}

export interface RecalledNode {
  readonly nodeId: NodeId
  /** Channels that their peers will be asked to close. */
  readonly channelsToClose: number
  /** Where the chain is read from. */
  readonly birthHeight: number
  /** Who was asked, and when the list was made that came back, in milliseconds since 1970, or why none did. */
  readonly asked: readonly { readonly peer: NodeId; readonly list: number | string }[]
}

/** Peers that a list names are asked too, so many of them: theirs may be newer. */
const MAX_PEERS_ASKED = 20
const PATIENCE_MS = 30_000

/**
 * Fills an empty store out of what peers keep for a node (BOLT 1, peer storage), where nothing is left of it but its words: its channels, whose
 * peers are asked to close them. Each list is under a key of the words, so that a peer can hold it back or give an older one, and not
 * change it: that loses what was opened since, and where any other peer gives a newer one, nothing. Rejects with a `BookendError`; then nothing is stored.
 */
export async function restoreFromPeers(options: RestoreFromPeersOptions): Promise<RecalledNode> {
  const { phrase, network = 'regtest', net, now = Date.now(), birthHeight, timers = HOST_TIMERS } = options
  const keys = keysFromPhrase(phrase)
  const { asked, lists } = await listsOf(options.peers, {
    network: net.network(keys.nodeSecret),
    keys,
    chain: network,
    patienceMs: options.patienceMs ?? PATIENCE_MS,
    timers,
  })
  const made = lists.length === 0 ? undefined : new Date(Math.max(...lists.map(list => list.createdAt))).toISOString()
  const reason = `this node has lost its data and goes on from the list of ${made} that a peer has kept: its peer has to publish its newest commitment`
  const { channelSeed } = keys
  const from = birthHeight !== undefined && { birthHeight }
  const recalled = recalledRecords(lists, { now, reason, channelSeed, ...from })
  if (recalled === undefined) throw nothingKept(asked)
  if (!recalled.ok) throw unreadable('What peers have kept', recalled.error)
  await fill(options.store, recalled.value.records)
  const { channelsToClose } = recalled.value
  const nodeId = nodeIdOf(publicKeyFromSecret(keys.nodeSecret))
  return { nodeId, channelsToClose, birthHeight: recalled.value.birthHeight, asked }
}

async function listsOf(
  peers: RestoreFromPeersOptions['peers'],
  asking: Asking,
): Promise<{ readonly asked: RecalledNode['asked']; readonly lists: readonly StoredList[] }> {
  const asked = new Map<NodeId, number | string>()
  const lists: StoredList[] = []
  const ask = async (some: RestoreFromPeersOptions['peers']): Promise<void> => {
    const fresh = new Map(some.map(peer => [peer.nodeId, peer] as const).filter(([nodeId]) => !asked.has(nodeId)))
    const answers = await Promise.all(
      [...fresh.values()].map(async peer => [peer, await askForList(peer, asking)] as const),
    )
    for (const [{ nodeId }, answer] of answers) {
      asked.set(nodeId, typeof answer === 'string' ? answer : answer.createdAt)
      if (typeof answer !== 'string') lists.push(answer)
    }
  }
  await ask(peers)
  const named = lists
    .flatMap(list => list.channels)
    .flatMap(({ peer: nodeId, addresses: [address] }) => (address === undefined ? [] : [{ nodeId, address }]))
  await ask(named.slice(0, MAX_PEERS_ASKED))
  return { asked: [...asked].map(([peer, list]) => ({ peer, list })), lists }
}

function unreadable(what: string, { message }: DecodeFailure): BookendError {
  return new BookendError('bad_request', `${what} cannot be used. ${message}.`, {
    advice: 'Use the version of Bookend that made it, or a later one.',
    facts: { reason: 'unreadable_records' },
  })
}

function nothingKept(asked: RecalledNode['asked']): BookendError {
  const words = asked.map(
    ({ peer, list }) => `${peer}: ${typeof list === 'string' ? list : 'its list names no channel.'}`,
  )
  return new BookendError('not_found', `No peer has given back a list of channels. ${words.join(' ')}`, {
    advice: 'Name another peer that this node had a channel with, or restore from a file of `bookend backup`.',
    facts: { reason: 'nothing_kept' },
  })
}

/** In one commit: all of it or nothing. */
async function fill(store: Store, records: ReadonlyMap<string, Uint8Array>): Promise<void> {
  if ((await store.loadPage('', { limit: 1 })).size > 0) {
    throw new BookendError('conflict', 'There are records of a node already, and they may be newer.', {
      advice: 'Restore into an empty directory.',
      facts: { reason: 'not_empty' },
    })
  }
  await store.commit([...records].map(([key, value]) => ({ type: 'put', key, value })))
}
