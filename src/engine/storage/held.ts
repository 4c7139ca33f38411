import { type NodeId, pmapDelete, pmapGet, pmapSet, pmapValues } from '../../base/index.ts'
import { offersFeature } from '../../wire/index.ts'
import { storageBlobKey, storageOfKey } from '../keys.ts'
import { isUp, sendTo } from '../peerEntries.ts'
import { act, putJson, update, type Work } from '../work.ts'
import { hasOpenChannel } from './own.ts'
import type { HeldBlob } from './state.ts'

// What we keep for peers (BOLT 1, peer_storage): the last 64 KiB that each of those with a channel has given us, until some weeks after
// the channel is gone. Only whose there are is held in memory; the bytes are read when the peer comes, and written once a minute at most.

/** The latest is what counts (BOLT 1, the receiver of `peer_storage`). Of peers without a channel nothing is kept. */
export function keepFor(work: Work, peer: NodeId, blob: Uint8Array): void {
  const { features, now, limits } = work.context
  if (!offersFeature(features, 'option_provide_storage') || !hasOpenChannel(work, peer)) return
  const known = pmapGet(work.state.storage.held, peer)
  if (known === undefined) putJson(work, storageOfKey(peer), {})
  const dueAt = (known?.writtenAt ?? 0) + limits.engine.storageIntervalMs
  if (now >= dueAt) {
    write(work, { peer, ...known }, blob)
    return
  }
  put(work, { ...known, peer, waiting: blob })
  act(work, { type: 'wake', at: dueAt })
}

function write(work: Work, { waiting: _written, ...held }: HeldBlob, blob: Uint8Array): void {
  work.writes.push({ type: 'put', key: storageBlobKey(held.peer), value: blob })
  put(work, { ...held, writtenAt: work.context.now })
}

function put(work: Work, held: HeldBlob): void {
  const { storage } = work.state
  update(work, { storage: { ...storage, held: pmapSet(storage.held, held.peer, held) } })
}

/** What has waited long enough. Cost: one pass over those that we keep something for. */
export function writeHeld(work: Work): void {
  const { now, limits } = work.context
  for (const held of pmapValues(work.state.storage.held)) {
    const { waiting, writtenAt = 0 } = held
    if (waiting !== undefined && now >= writtenAt + limits.engine.storageIntervalMs) write(work, held, waiting)
  }
}

/** A connection comes: what is kept for the peer is read while `init` is exchanged, so that it can be the first word after it. */
export function readHeld(work: Work, peer: NodeId): void {
  if (pmapGet(work.state.storage.held, peer) === undefined) return
  act(work, { type: 'load_storage', peer, key: storageBlobKey(peer) })
}

/** It is read. Where the record is gone there was none. */
export function heldRead(work: Work, peer: NodeId, blob: Uint8Array | undefined): void {
  const held = pmapGet(work.state.storage.held, peer)
  if (held === undefined || blob === undefined) return
  if (isUp(work, peer)) sendTo(work, peer, { type: 'peer_storage_retrieval', blob: held.waiting ?? blob })
  else put(work, { ...held, ready: blob })
}

/** After `init`, and before channels are reestablished: who has lost all knows from it which channels there are. */
export function returnHeld(work: Work, peer: NodeId): void {
  const held = pmapGet(work.state.storage.held, peer)
  if (held?.ready === undefined) return
  const { ready, ...rest } = held
  put(work, rest)
  sendTo(work, peer, { type: 'peer_storage_retrieval', blob: held.waiting ?? ready })
}

/** With each block: whose last channel is long gone is forgotten (BOLT 1, the sender of `peer_storage_retrieval`: 2,016 blocks). */
export function forgetHeld(work: Work, height: number): void {
  const { storageKeptBlocks } = work.context.limits.engine
  for (const held of pmapValues(work.state.storage.held)) {
    const { peer, idleSince } = held
    const isIdle = !hasOpenChannel(work, peer)
    if (!isIdle && idleSince !== undefined) {
      const { idleSince: _was, ...busy } = held
      putJson(work, storageOfKey(peer), {})
      put(work, busy)
    } else if (isIdle && idleSince === undefined) {
      putJson(work, storageOfKey(peer), { idleSince: height })
      put(work, { ...held, idleSince: height })
    } else if (isIdle && idleSince !== undefined && height >= idleSince + storageKeptBlocks) {
      work.writes.push({ type: 'delete', key: storageOfKey(peer) }, { type: 'delete', key: storageBlobKey(peer) })
      const { storage } = work.state
      update(work, { storage: { ...storage, held: pmapDelete(storage.held, peer) } })
    }
  }
}
