import { type NodeId, nodeId as nodeIdOf } from '../base/index.ts'
import { NETWORKS } from '../chain/index.ts'
import { publicKeyFromSecret } from '../crypto/index.ts'
import { openList, type StoredList } from '../engine/index.ts'
import type { SeedKeys } from '../keys/index.ts'
import {
  DEFAULT_PEER_LIMITS,
  localFeatures,
  newPeer,
  type PeerContext,
  type PeerEffect,
  type PeerInput,
  peerStep,
  supportedFeatures,
} from '../peer/index.ts'
import type { Connection, ConnectionListener, NetAddress, Network, Timers } from '../ports/index.ts'
import { encodeMessage } from '../wire/index.ts'
import type { NetworkName } from './types.ts'

// One connection to a peer, for nothing but what it keeps for us (BOLT 1, peer_storage_retrieval). Nothing is said about channels: what
// the peer says of them is left for the node that starts with the answer.

export interface Asking {
  readonly network: Network
  readonly keys: Pick<SeedKeys, 'nodeSecret' | 'storageKey'>
  readonly chain: NetworkName
  /** How long a peer may take from the dial to its answer, in milliseconds. */
  readonly patienceMs: number
  readonly timers: Timers
}

/** Resolves with the list, or with a sentence that says why there is none. */
export async function askForList(
  peer: { readonly nodeId: NodeId; readonly address: NetAddress },
  asking: Asking,
): Promise<StoredList | string> {
  const { network, timers, patienceMs } = asking
  const { promise, resolve } = Promise.withResolvers<StoredList | string>()
  const late = new AbortController()
  const callOff = timers.after(patienceMs, () => {
    resolve('It did not give anything back in time.')
    late.abort()
  })
  let connection: Connection | undefined
  try {
    const to = { ...peer.address, nodeId: peer.nodeId }
    connection = await network.dial(to, opened => listenFor(opened, asking, resolve), late.signal)
    return await promise
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    callOff()
    connection?.close()
  }
}

function listenFor(
  connection: Connection,
  { keys, chain }: Asking,
  answer: (answer: StoredList | string) => void,
): ConnectionListener {
  const features = localFeatures({ basicMpp: true, provideStorage: true })
  const context: PeerContext = {
    now: 0,
    localNodeId: nodeIdOf(publicKeyFromSecret(keys.nodeSecret)),
    features,
    supported: supportedFeatures(features),
    chainHash: NETWORKS[chain].genesisHash,
    limits: DEFAULT_PEER_LIMITS,
    entropy: 0,
  }
  let state = newPeer(connection.remoteNodeId)
  const perform = (effect: PeerEffect): void => {
    if (effect.type === 'send') connection.send([encodeMessage(effect.message)])
    else if (effect.type === 'close') answer(`The connection was closed: ${effect.reason.message}.`)
    else if (effect.type === 'deliver' && effect.message.type === 'peer_storage_retrieval') {
      const opened = openList(keys.storageKey, effect.message.blob)
      answer(opened.ok ? opened.value : `What it keeps cannot be used: ${opened.error.message}.`)
    }
  }
  const give = (input: PeerInput): void => {
    const { next, effects } = peerStep(state, input, context)
    state = next
    for (const effect of effects) perform(effect)
  }
  give({ type: 'connected', connection: ONLY_ONE, outgoing: true })
  return {
    onMessages: messages => {
      for (const bytes of messages) give({ type: 'received', connection: ONLY_ONE, bytes })
      return Promise.resolve()
    },
    onEnd: reason => answer(`The connection ended: ${reason}`),
  }
}

const ONLY_ONE = 1
