import { type DecodeFailure, err, ok, type Result } from '../base/index.ts'
import {
  checkFeatures,
  combineFeatures,
  FEATURES,
  hasFeature,
  type Init,
  type Message,
  offersFeature,
  type UnknownMessage,
} from '../wire/index.ts'
import { closeLine, warnAndClose } from './closing.ts'
import { negotiate } from './features.ts'
import type { CloseReason } from './reasons.ts'
import { type HandshakingLine, IDLE, type PeerContext, type PeerState, type PeerStep, type UpLine } from './types.ts'

/** What we say first: all of our features in one vector, and the one chain that we are on. */
export function ourInit(context: PeerContext): Init {
  return {
    type: 'init',
    // Bits above 13 have no place in it, and peers read the two vectors as one (BOLT 1, the `init` message).
    globalfeatures: new Uint8Array(0),
    features: context.features,
    networks: [context.chainHash],
  }
}

/** The first message of the peer: an `init` that we can live with, or the connection is closed. */
export function onFirstMessage(
  state: PeerState,
  line: HandshakingLine,
  decoded: Result<Message | UnknownMessage, DecodeFailure>,
  context: PeerContext,
): PeerStep {
  // No warning where no `init` came: nothing may be sent before it (BOLT 1, the `init` message, receiver).
  if (!decoded.ok) return closeLine(state, line, { code: 'undecodable', message: decoded.error.message }, context)
  const init = decoded.value
  if (init.type !== 'init') {
    const message = `expected init first, got ${init.type} (BOLT 1, the init message)`
    return closeLine(state, line, { code: 'no_init', message }, context)
  }
  const features = acceptInit(init, context)
  return features.ok ? lineUp(state, line, features.value, context) : warnAndClose(state, line, features.error, context)
}

function lineUp(state: PeerState, line: HandshakingLine, features: Uint8Array, context: PeerContext): PeerStep {
  const { connection, outgoing } = line
  const negotiated = negotiate(context.features, features)
  const up: UpLine = {
    type: 'up',
    connection,
    outgoing,
    since: context.now,
    features,
    negotiated,
    heardAt: context.now,
    ping: IDLE,
    answered: { since: context.now, count: 0 },
  }
  return { next: { ...state, line: up }, effects: [{ type: 'up', connection, negotiated, features }] }
}

/** The peer's features, when we can talk to each other. */
function acceptInit(init: Init, context: PeerContext): Result<Uint8Array, CloseReason> {
  // Cost: up to 65531 bytes of features, looked at bit by bit, once for each connection.
  const features = combineFeatures(init.globalfeatures, init.features)
  const checked = checkFeatures(features, context.supported)
  if (!checked.ok) return err({ code: 'features', message: checked.error.message })
  // What every node is assumed to have need not be said any more (BOLT 9).
  const missing = context.supported.find(
    name =>
      hasFeature(context.features, FEATURES[name].bit) &&
      FEATURES[name].assumed !== true &&
      !offersFeature(features, name),
  )
  if (missing !== undefined) {
    const message = `expected a peer with ${missing}, which is required here (BOLT 9)`
    return err({ code: 'features', message })
  }
  if (init.networks?.includes(context.chainHash) === false) {
    return err({
      code: 'networks',
      message: `expected a peer on chain ${context.chainHash}, got ${init.networks.length} other chains (BOLT 1, the init message)`,
    })
  }
  return ok(features)
}
