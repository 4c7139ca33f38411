import { expect } from 'vitest'
import { type NodeId, nodeId } from '../../src/base/index.ts'
import {
  type CloseCode,
  DEFAULT_PEER_LIMITS,
  localFeatures,
  newPeer,
  type PeerContext,
  type PeerEffect,
  type PeerInput,
  type PeerState,
  peerStep,
  supportedFeatures,
} from '../../src/peer/index.ts'
import { encodeMessage, type Init, type Message } from '../../src/wire/index.ts'

/** Node ids by their last bytes: 1 is less than 2. */
export const idOf = (number: number): NodeId => nodeId(new Uint8Array(33).fill(2, 0, 1).fill(number, 32))

// Any two chains will do: the hashes are only compared.
export const [chainHash, otherChain] = ['06', '6f'].map(byte => byte.repeat(32)) as [
  PeerContext['chainHash'],
  PeerContext['chainHash'],
]

export const FEATURES_OF_OURS = localFeatures()

export const CONTEXT: PeerContext = {
  now: 0,
  localNodeId: idOf(1),
  features: FEATURES_OF_OURS,
  supported: supportedFeatures(FEATURES_OF_OURS),
  chainHash,
  limits: DEFAULT_PEER_LIMITS,
  entropy: 0,
}

export const initOf = (changes: Partial<Init> = {}): Init => ({
  type: 'init',
  globalfeatures: new Uint8Array(0),
  features: FEATURES_OF_OURS,
  networks: [chainHash],
  ...changes,
})

/** One peer and the time that goes by: inputs in, effects out. */
export class One {
  state: PeerState = newPeer(idOf(2))
  context: PeerContext

  constructor(context: Partial<PeerContext> = {}) {
    this.context = { ...CONTEXT, ...context }
  }

  /** All effects but the wakes, which have tests of their own. */
  do(input: PeerInput): readonly PeerEffect[] {
    return this.all(input).filter(effect => effect.type !== 'wake')
  }

  all(input: PeerInput): readonly PeerEffect[] {
    const { next, effects } = peerStep(this.state, input, this.context)
    this.state = next
    return effects
  }

  receive(message: Message, connection = 1): readonly PeerEffect[] {
    return this.do({ type: 'received', connection, bytes: encodeMessage(message) })
  }

  bytes(bytes: readonly number[], connection = 1): readonly PeerEffect[] {
    return this.do({ type: 'received', connection, bytes: Uint8Array.from(bytes) })
  }

  at(now: number): this {
    this.context = { ...this.context, now }
    return this
  }

  /** Later by so much, and a tick. */
  after(ms: number): readonly PeerEffect[] {
    return this.at(this.context.now + ms).do({ type: 'tick' })
  }

  up(connection = 1, init: Init = initOf()): this {
    this.do({ type: 'connected', connection, outgoing: false })
    this.receive(init, connection)
    expect(this.state.line.type).toBe('up')
    return this
  }
}

export const closes = (code: CloseCode, connection = 1) => ({
  type: 'close',
  connection,
  reason: { code, message: expect.any(String) },
})
export const sends = (type: Message['type'], connection = 1) => ({
  type: 'send',
  connection,
  message: expect.objectContaining({ type }),
})
export const DOWN = { type: 'down' }
