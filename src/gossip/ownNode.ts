import { bytesEqual, fromHex, pmapValues, toHex, utf8Encode } from '../base/index.ts'
import { signEcdsa } from '../crypto/index.ts'
import { decodeMessage, encodeMessage, type NodeAnnouncement } from '../wire/index.ts'
import { findNode, nodeAt } from './graph.ts'
import { signedDigest } from './messages.ts'
import { OWN_NODE_RECORD } from './records.ts'
import { change, put, secondsOf, type Turn } from './turn.ts'
import type { GossipState, OwnNode } from './types.ts'
import { applyNode } from './updates.ts'

const ALIAS_BYTES = 32

export function onOwnNode(turn: Turn, node: OwnNode): void {
  change(turn, { node })
  announceNode(turn)
}

/** Once a channel of ours is known to all, and again when it says something else or grows old (BOLT 7, node_announcement). */
export function announceNode(turn: Turn): void {
  const { node, graph, nodeSaid, own } = turn.state
  const { nodeId, now, limits } = turn.context
  const row = findNode(graph, nodeId)
  // In this order: it is asked for each channel of a node that starts, and may have ten thousand.
  if (node === undefined || row === undefined || !hasPublic(own)) return
  const last = readAnnouncement(nodeSaid)
  const known = nodeAt(graph, row).timestamp ?? 0
  const timestamp = Math.max(secondsOf(now), known + 1, (last?.timestamp ?? 0) + 1)
  const unsigned = announcementOf(turn, node, timestamp)
  const isOld = last === undefined || known === 0 || timestamp - last.timestamp >= limits.refreshAfterSeconds
  if (!isOld && saysTheSame(last, unsigned)) return
  const made = { ...unsigned, signature: signEcdsa(signedDigest(unsigned), turn.context.nodeSecret) }
  const said = encodeMessage(made)
  change(turn, { nodeSaid: toHex(said) })
  put(turn, OWN_NODE_RECORD, said)
  applyNode(turn, row, made, undefined)
}

function hasPublic(own: GossipState['own']): boolean {
  for (const { progress } of pmapValues(own)) if (progress.isAnnounced) return true
  return false
}

/** Without its signature. */
function announcementOf({ context }: Turn, node: OwnNode, timestamp: number): NodeAnnouncement {
  const alias = new Uint8Array(ALIAS_BYTES)
  alias.set(wholeCharacters(node.alias))
  return {
    type: 'node_announcement',
    signature: new Uint8Array(64),
    features: node.features,
    timestamp,
    nodeId: context.nodeId,
    rgbColor: node.rgbColor,
    alias,
    addresses: node.addresses,
    unknownFields: new Uint8Array(0),
  }
}

/** As many characters as fit: what is cut within one would be no UTF-8. */
function wholeCharacters(alias: string): Uint8Array {
  let fits = ''
  for (const character of alias) {
    if (utf8Encode(fits + character).length > ALIAS_BYTES) break
    fits += character
  }
  return utf8Encode(fits)
}

function readAnnouncement(hex: string | undefined): NodeAnnouncement | undefined {
  const message = hex === undefined ? undefined : decodeMessage(fromHex(hex))
  return message?.ok === true && message.value.type === 'node_announcement' ? message.value : undefined
}

function saysTheSame(last: NodeAnnouncement, made: NodeAnnouncement): boolean {
  const { signature, timestamp } = last
  return bytesEqual(encodeMessage(last), encodeMessage({ ...made, signature, timestamp }))
}
