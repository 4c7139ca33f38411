import { defined, err, type NodeId, ok, type Result } from '../base/index.ts'
import { ONION_ROUTING_PACKET_LENGTH, type OnionMessage } from '../wire/index.ts'
import { type BlindedPath, createBlindedPath, unblind } from './blindedPath.ts'
import { type BuildFailure, buildOnion, type OnionHop } from './build.ts'
import { decodeMessagePayload, encodeMessagePayload, type OnionMessageContent } from './messagePayload.ts'
import { peelOnion } from './peel.ts'
import { padRecipientData, type RecipientData } from './recipientData.ts'
import { featureUnknown, type NextHop, nextHopOf } from './relay.ts'

/** The fields of `onion_message`. */
export type OnionMessageFields = Omit<OnionMessage, 'type'>

/** The packets that messages come in: as long as that of a payment, or 32834 bytes (BOLT 4, the writer of `onion_message`). */
const LARGE_PACKET_LENGTH = 32834
const NO_ASSOCIATED_DATA = new Uint8Array(0)

/** To a node that we know, or along a path that it gave us, whose first node we know by its id. */
export type MessageDestination =
  | { readonly type: 'node'; readonly nodeId: NodeId }
  | { readonly type: 'path'; readonly path: BlindedPath<NodeId> }

export interface MessagePlan {
  /** 32 bytes of fresh entropy that are a secret key, for the onion. */
  readonly sessionKey: Uint8Array
  /** 32 other such bytes, for the path that we make ourselves to the destination. */
  readonly pathSecret: Uint8Array
  /** Between us and the destination: none where it is our peer. */
  readonly intermediateNodes: readonly NodeId[]
  readonly destination: MessageDestination
  readonly content: OnionMessageContent
}

/** A message and the peer that it is sent to. */
export interface OutgoingMessage {
  readonly firstNodeId: NodeId
  readonly message: OnionMessageFields
}

/**
 * The message that takes this content to its destination (BOLT 4, the writer of `onion_message`): all the way along a blinded
 * path, which we begin ourselves and which goes on into the destination's own. Fails where the content does not fit.
 *
 * Cost: as `createBlindedPath` for our own hops and as `buildOnion` for all.
 */
export function buildOnionMessage(plan: MessagePlan): Result<OutgoingMessage, BuildFailure> {
  const whole = pathTo(plan)
  if (!whole.ok) return whole
  const { firstNodeId, firstPathKey, path } = whole.value
  const hops = path.map(({ blindedNodeId, encryptedRecipientData }, i): OnionHop => {
    const content = i === path.length - 1 ? plan.content : {}
    return { nodeId: blindedNodeId, payload: encodeMessagePayload({ ...content, encryptedRecipientData }) }
  })
  const onion = { sessionKey: plan.sessionKey, associatedData: NO_ASSOCIATED_DATA, hops }
  const small = buildOnion({ ...onion, packetLength: ONION_ROUTING_PACKET_LENGTH })
  const tooLong = !small.ok && small.error.code === 'payloads_too_long'
  const built = tooLong ? buildOnion({ ...onion, packetLength: LARGE_PACKET_LENGTH }) : small
  if (!built.ok) return built
  return ok({ firstNodeId, message: { pathKey: firstPathKey, onionMessagePacket: built.value.packet } })
}

/** Our own hops, then those of the destination. */
function pathTo({
  pathSecret,
  intermediateNodes,
  destination,
}: MessagePlan): Result<BlindedPath<NodeId>, BuildFailure> {
  if (destination.type === 'path' && intermediateNodes.length === 0) return ok(destination.path)
  const nodes = destination.type === 'node' ? [...intermediateNodes, destination.nodeId] : intermediateNodes
  const lastData: RecipientData =
    destination.type === 'node'
      ? {}
      : { nextNodeId: destination.path.firstNodeId, nextPathKeyOverride: destination.path.firstPathKey }
  const data = padRecipientData(
    nodes.map((_, i): RecipientData => {
      const nextNodeId = nodes[i + 1]
      return nextNodeId === undefined ? lastData : { nextNodeId }
    }),
  )
  const hops = nodes.map((nodeId, i) => ({ nodeId, data: defined(data[i], 'each node has its data') }))
  const own = createBlindedPath({ pathSecret, hops })
  if (!own.ok || destination.type === 'node') return own
  return ok({ ...own.value, path: [...own.value.path, ...destination.path.path] })
}

export type OpenedMessage =
  /**
   * To be passed on. The next hop may be ourselves, where the maker of the path put such hops at its end: then the message is
   * opened again, and ends, since each layer takes at least 35 bytes.
   */
  | { readonly type: 'forward'; readonly nextHop: NextHop; readonly message: OnionMessageFields }
  | {
      readonly type: 'final'
      readonly content: OnionMessageContent
      /** What we said to ourselves when we made the path; `undefined` where the sender made it, or we had nothing to say. */
      readonly pathId: Uint8Array | undefined
    }

/** Why a message is ignored; nobody is told (BOLT 4, onion messages). */
export interface MessageFailure {
  readonly code: 'invalid_packet' | 'invalid_payload' | 'invalid_recipient_data'
  readonly message: string
}

/**
 * Opens a message that came (BOLT 4, the reader of `onion_message`). Never throws for what came.
 *
 * Cost: as `peelOnion` and `unblind`, by the length of the packet: at most 65 kB.
 */
export function openOnionMessage(from: {
  readonly message: OnionMessageFields
  readonly nodeSecret: Uint8Array
}): Result<OpenedMessage, MessageFailure> {
  const { message, nodeSecret } = from
  const { pathKey, onionMessagePacket: packet } = message
  const peeled = peelOnion({ packet, associatedData: NO_ASSOCIATED_DATA, nodeSecret, pathKey })
  if (!peeled.ok) return refused('invalid_packet', peeled.error.message)
  const { next } = peeled.value
  const payload = decodeMessagePayload(peeled.value.payload, next === undefined)
  if (!payload.ok) return refused('invalid_payload', payload.error)
  const { encryptedRecipientData, ...content } = payload.value
  const opened = unblind({ nodeSecret, pathKey, encryptedRecipientData })
  if (!opened.ok) return refused('invalid_recipient_data', opened.error.message)
  const { data, nextPathKey } = opened.value
  const unknown = featureUnknown(data)
  if (unknown !== undefined) return refused('invalid_recipient_data', unknown)
  if (next === undefined) return ok({ type: 'final', content, pathId: data.pathId })
  if (data.pathId !== undefined)
    return refused('invalid_recipient_data', 'expected no path_id for a hop that passes on')
  const nextHop = nextHopOf(data)
  if (nextHop === undefined)
    return refused('invalid_recipient_data', 'expected next_node_id or short_channel_id, got neither')
  return ok({ type: 'forward', nextHop, message: { pathKey: nextPathKey, onionMessagePacket: next } })
}

function refused(
  code: MessageFailure['code'],
  message: string,
): { readonly ok: false; readonly error: MessageFailure } {
  return err({ code, message: `${message} (BOLT 4, onion messages)` })
}
