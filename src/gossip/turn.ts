import { filled, type NodeId, pmapGet, pmapSet, taken } from '../base/index.ts'
import { editGraph, type GraphDraft } from './edit.ts'
import type { GossipFailure } from './failure.ts'
import type { GossipContext, GossipEffect, GossipPeer, GossipState, GossipWrite } from './types.ts'

/** One step while it is made. It is not seen outside, and so it may change. */
export interface Turn {
  state: GossipState
  readonly context: GossipContext
  readonly effects: GossipEffect[]
  readonly writes: GossipWrite[]
  refused: GossipFailure | undefined
}

export const secondsOf = (milliseconds: number): number => Math.floor(milliseconds / 1000)

export function change(turn: Turn, fields: Partial<GossipState>): void {
  turn.state = { ...turn.state, ...fields }
}

export function changeGraph(turn: Turn, edit: (draft: GraphDraft) => void): void {
  change(turn, { graph: editGraph(turn.state.graph, edit) })
}

export function changePeer(turn: Turn, id: NodeId, fields: Partial<GossipPeer>): void {
  const peer = pmapGet(turn.state.peers, id)
  if (peer !== undefined) change(turn, { peers: pmapSet(turn.state.peers, id, { ...peer, ...fields }) })
}

export function put(turn: Turn, key: string, value: Uint8Array): void {
  turn.writes.push({ type: 'put', key, value })
}

export function forget(turn: Turn, key: string): void {
  turn.writes.push({ type: 'delete', key })
}

/** What a message was not taken for; the peer hears of it where it should know better. */
export function refuse(turn: Turn, peer: NodeId, failure: GossipFailure): void {
  turn.refused = failure
  if (failure.severity !== 'ignore') turn.effects.push({ type: 'complain', peer, failure })
}

/** Whether signatures of the peer may be verified now; if so they are counted. */
export function mayVerify(turn: Turn, id: NodeId, count: number): boolean {
  const peer = pmapGet(turn.state.peers, id)
  if (peer === undefined) return false
  const { verificationsAtOnce: most, verificationsPerSecond: perSecond } = turn.context.limits
  const bucket = filled(peer.verifications, { most, perSecond }, turn.context.now)
  if (bucket.left < count) return false
  changePeer(turn, id, { verifications: taken(bucket, count) })
  return true
}
