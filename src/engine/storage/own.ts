import { type NodeId, pmapGet, pmapValues } from '../../base/index.ts'
import { linkSketch } from '../../link/index.ts'
import { offersFeature } from '../../wire/index.ts'
import { isFunded } from '../links.ts'
import { mayTell, peerEntry, sendTo } from '../peerEntries.ts'
import type { Link } from '../types.ts'
import { act, emit, linkAt, update, type Work } from '../work.ts'
import { openList, type StoredChannel, sealList } from './blob.ts'

// What our peers keep for us (BOLT 1, peer_storage): the list of our channels, so that the seed and one of them bring all the others
// back. It goes to each peer that offers to keep it and has a channel with us: when it comes, and whenever the list has changed.

/** A channel is there from now on, is there no more, or stands elsewhere: whoever keeps the list is to have the new one. */
export function listChanged(work: Work): void {
  if (work.context.storageKey === undefined) return
  due(
    work,
    [...pmapValues(work.state.peers)].map(({ state }) => state.nodeId),
  )
}

/** On a new connection. */
export function tellList(work: Work, nodeId: NodeId): void {
  if (work.context.storageKey !== undefined) due(work, [nodeId])
}

function due(work: Work, peers: readonly NodeId[]): void {
  const { storage } = work.state
  const more = peers.filter(nodeId => !storage.due.has(nodeId) && keepsForUs(work, nodeId))
  if (more.length === 0) return
  update(work, { storage: { ...storage, due: new Set([...storage.due, ...more]) } })
  // What changes together is told together.
  act(work, { type: 'wake', at: work.context.now })
}

function keepsForUs(work: Work, nodeId: NodeId): boolean {
  const line = pmapGet(work.state.peers, nodeId)?.state.line
  return line?.type === 'up' && offersFeature(line.features, 'option_provide_storage') && hasOpenChannel(work, nodeId)
}

/** One that has confirmed, or may confirm still. */
export function hasOpenChannel(work: Work, nodeId: NodeId): boolean {
  return peerEntry(work, nodeId).links.some(index => {
    const channel = linkAt(work, index)?.state.channel
    return isFunded(channel) && channel.state !== 'closed'
  })
}

/** To a few peers at a time: each list is 64 KiB to seal and to send. */
export function sendLists(work: Work): void {
  const { storageKey, now, limits } = work.context
  const { storage } = work.state
  if (storageKey === undefined || storage.due.size === 0) return
  const all = [...storage.due]
  const [first, rest] = [all.slice(0, limits.engine.storageListsAtOnce), all.slice(limits.engine.storageListsAtOnce)]
  update(work, { storage: { ...storage, due: new Set(rest) } })
  let whole: Sealed | undefined
  for (const nodeId of first) {
    if (!keepsForUs(work, nodeId)) continue
    const blob = whole ?? sealedFor(work, nodeId, storageKey)
    // What leaves nobody out is the same for all.
    if (blob.isWhole) whole = blob
    sendTo(work, nodeId, { type: 'peer_storage', blob: blob.bytes })
  }
  if (rest.length > 0) act(work, { type: 'wake', at: now + limits.engine.storagePauseMs })
}

interface Sealed {
  readonly bytes: Uint8Array
  readonly isWhole: boolean
}

/** Where not all have room: the channels with this peer, then the largest. */
function sealedFor(work: Work, nodeId: NodeId, key: Uint8Array): Sealed {
  const links = [...pmapValues(work.state.links)]
    .filter(({ state }) => isFunded(state.channel) && state.channel.state !== 'closed')
    .sort((a, b) => Number(b.peer === nodeId) - Number(a.peer === nodeId) || bySize(a, b) || a.index - b.index)
  const channels = links.slice(0, MOST_CHANNELS).flatMap(link => storedChannel(work, link) ?? [])
  const { blob, kept } = sealList(key, { createdAt: work.context.now, channels })
  return { bytes: blob, isWhole: kept === links.length }
}

/** More than there is room for in any list: what is behind them need not be looked at. */
const MOST_CHANNELS = 220

function bySize(a: Link, b: Link): number {
  const [sizeA, sizeB] = [capacityOf(a), capacityOf(b)]
  return sizeA === sizeB ? 0 : sizeA < sizeB ? 1 : -1
}

function capacityOf({ state: { channel } }: Link): bigint {
  return isFunded(channel) ? channel.durable.params.fundingAmountSat : 0n
}

function storedChannel(work: Work, { peer, createdAt, state }: Link): StoredChannel | undefined {
  const known = linkSketch(state)
  if (known === undefined) return undefined
  const { sketch, fundingHeight } = known
  const sinceHeight = fundingHeight ?? work.state.blocks.at(-1)?.height ?? 0
  const { addresses } = peerEntry(work, peer).state.dial
  return { peer, addresses, createdAt, sinceHeight, channel: sketch }
}

/** A list of ours comes back. What it says and we do not know was lost, and its channels can be brought back by a restore. */
export function hearList(work: Work, nodeId: NodeId, blob: Uint8Array): void {
  const { storageKey } = work.context
  if (storageKey === undefined) return
  const opened = openList(storageKey, blob)
  // Of other software with the same seed, or nothing of ours at all: the peer may keep what it likes.
  if (!opened.ok) return
  const { createdAt, channels } = opened.value
  const count = channels.filter(channel => !isKnown(work, channel)).length
  if (count > 0 && mayTell(work, nodeId)) emit(work, { type: 'channels_unknown', peer: nodeId, count, createdAt })
}

function isKnown(work: Work, { channel: { channelKeyIndex, fundingOutpoint } }: StoredChannel): boolean {
  const channel = linkAt(work, channelKeyIndex)?.state.channel
  if (!isFunded(channel)) return false
  const known = channel.durable.params.fundingOutpoint
  return known.txid === fundingOutpoint.txid && known.vout === fundingOutpoint.vout
}
