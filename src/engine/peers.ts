import { type NodeId, unreachable } from '../base/index.ts'
import { type PeerEffect, type PeerInput, peerStep } from '../peer/index.ts'
import { encodeMessage } from '../wire/index.ts'
import { isFunded } from './links.ts'
import { mayTell, peerEntry, putPeerEntry, refuseWaiting } from './peerEntries.ts'
import { returnHeld } from './storage/held.ts'
import { tellList } from './storage/own.ts'
import { act, emit, linkAt, reply, type Work } from './work.ts'

// The peers within the node.

export function stepPeer(work: Work, nodeId: NodeId, input: PeerInput): void {
  const { context } = work
  const entry = peerEntry(work, nodeId)
  const { next, effects } = peerStep(entry.state, input, {
    now: context.now,
    localNodeId: context.nodeId,
    features: context.features,
    supported: context.supported,
    chainHash: context.chainHash,
    limits: context.limits.peer,
    entropy: context.entropy,
  })
  if (next !== entry.state) putPeerEntry(work, { ...entry, state: next })
  for (const effect of effects) perform(work, nodeId, effect)
  const { line, dial } = next
  const isLost = entry.state.line.type === 'handshaking' && line.type === 'none' && dial.phase.type !== 'under_way'
  if (isLost) refuseWaiting(work, nodeId, { code: 'unreachable', got: 'a connection that ended before it' })
}

function perform(work: Work, nodeId: NodeId, effect: PeerEffect): void {
  switch (effect.type) {
    case 'send':
      act(work, { type: 'send', connection: effect.connection, bytes: encodeMessage(effect.message) })
      return
    case 'close':
      act(work, { type: 'close', connection: effect.connection, reason: effect.reason.message })
      return
    case 'dial':
      act(work, { type: 'dial', nodeId, addresses: effect.addresses })
      return
    case 'wake':
      act(work, effect)
      return
    case 'deliver':
      work.tasks.push({ to: 'channels', nodeId, message: effect.message })
      return
    case 'up':
      up(work, nodeId, effect.features)
      return
    case 'down':
      down(work, nodeId)
      return
    default:
      unreachable(effect)
      return
  }
}

function up(work: Work, nodeId: NodeId, features: Uint8Array): void {
  returnHeld(work, nodeId)
  const entry = peerEntry(work, nodeId)
  for (const index of entry.links) work.tasks.push({ to: 'link', index, input: { type: 'connected' } })
  work.tasks.push({ to: 'gossip', input: { type: 'peer_up', peer: nodeId, features } })
  for (const request of entry.waiting) reply(work, request, { type: 'done' })
  putPeerEntry(work, { ...entry, waiting: [] })
  tellList(work, nodeId)
  if (isOurs(work, nodeId) && mayTell(work, nodeId)) emit(work, { type: 'peer_connected', peer: nodeId })
}

function down(work: Work, nodeId: NodeId): void {
  for (const index of peerEntry(work, nodeId).links) {
    work.tasks.push({ to: 'link', index, input: { type: 'disconnected' } })
  }
  work.tasks.push({ to: 'gossip', input: { type: 'peer_down', peer: nodeId } })
  if (isOurs(work, nodeId) && mayTell(work, nodeId)) emit(work, { type: 'peer_disconnected', peer: nodeId })
}

/** Strangers that come and go are not worth a line in the log, whatever they begin to open. */
function isOurs(work: Work, nodeId: NodeId): boolean {
  const { asked, links } = peerEntry(work, nodeId)
  return asked || links.some(index => isFunded(linkAt(work, index)?.state.channel))
}
