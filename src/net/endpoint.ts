import { randomBytes } from 'node:crypto'
import { assert, fromHex, type NodeId, nodeId, parseHex } from '../base/index.ts'
import { isPublicKey, isSecretKey, publicKeyFromSecret } from '../crypto/index.ts'
import { type HandshakeDone, startInitiator, startResponder, type Transport } from '../noise/index.ts'
import { type Accept, type NetAddress, NetworkError } from '../ports/index.ts'
import { formatAddress } from './address.ts'
import { Doorkeeper } from './doorkeeper.ts'
import type { Framing } from './framing.ts'
import { type HandshakeFailure, shakeHands } from './handshake.ts'
import type { NetLimits } from './limits.ts'
import { MessageConnection } from './messageConnection.ts'
import type { Wire } from './wire.ts'

export type DialTarget = NetAddress & { readonly nodeId: NodeId }

export interface EndpointOptions {
  /** The secret of our node id, 32 bytes. */
  readonly nodeSecret: Uint8Array
  readonly limits: NetLimits
  readonly framing: (transport: Transport) => Framing
}

/** One node as the other ends see it: makes connections out of wires, from whichever side they were opened. */
export class Endpoint {
  readonly limits: NetLimits
  readonly nodeId: NodeId
  readonly #nodeSecret: Uint8Array
  readonly #framing: (transport: Transport) => Framing
  readonly #doorkeeper: Doorkeeper

  constructor({ nodeSecret, limits, framing }: EndpointOptions) {
    assert(isSecretKey(nodeSecret), 'the secret of a node should be a secret key')
    this.limits = limits
    this.#nodeSecret = nodeSecret
    this.nodeId = nodeId(publicKeyFromSecret(nodeSecret))
    this.#framing = framing
    this.#doorkeeper = new Doorkeeper(limits)
  }

  /** Throws a `NetworkError` where it is clear before a wire is opened that nothing will come of it. */
  checkDial(to: DialTarget, signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) throw abortedError(to)
    const key = parseHex(to.nodeId)
    if (!key.ok || !isPublicKey(key.value)) {
      const message = `"${to.nodeId}" is no node id: it is the public key of a node, 66 hexadecimal digits. Check what was typed.`
      throw new NetworkError('handshake_failed', message)
    }
    if (to.nodeId === this.nodeId) {
      const message = `${to.nodeId} is the id of this node itself, which does not connect to itself. Give the id of another one.`
      throw new NetworkError('handshake_failed', message)
    }
  }

  /** We opened the wire. Rejects with a `NetworkError`; the wire is closed then. */
  initiate(wire: Wire, to: DialTarget, accept: Accept, signal: AbortSignal | undefined): Promise<MessageConnection> {
    return new Promise((resolve, reject) => {
      const started = startInitiator({
        localSecret: this.#nodeSecret,
        remotePublicKey: fromHex(to.nodeId),
        ephemeralSecret: freshSecret(),
      })
      // The end of the wire, which follows, is too late to be the reason.
      const onAbort = () => {
        reject(abortedError(to))
        wire.destroy()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      const listener = {
        onDone: (done: HandshakeDone) => {
          signal?.removeEventListener('abort', onAbort)
          try {
            resolve(this.#open(wire, done, { accept, outgoing: true, onEnded: () => {} }))
          } catch (cause) {
            const message = `The connection to ${formatAddress(to)} was not taken over: ${messageOf(cause)}`
            reject(new NetworkError('aborted', message, { cause }))
          }
        },
        onFailed: (failure: HandshakeFailure) => {
          signal?.removeEventListener('abort', onAbort)
          reject(handshakeError(to, failure))
        },
      }
      shakeHands(wire, started, { timeoutMs: this.limits.handshakeTimeoutMs, listener })
      if (signal?.aborted === true) onAbort()
    })
  }

  /** Somebody else opened the wire. `halfOpen` holds it while its handshake is under way: whoever destroys it ends that. */
  respond(wire: Wire, accept: Accept, halfOpen: Set<Wire>): void {
    if (!this.#doorkeeper.enter(wire.source)) {
      wire.destroy()
      return
    }
    halfOpen.add(wire)
    const leave = () => {
      halfOpen.delete(wire)
      this.#doorkeeper.leaveHalfOpen(wire.source)
    }
    const started = startResponder({ localSecret: this.#nodeSecret, ephemeralSecret: freshSecret() })
    const listener = {
      onDone: (done: HandshakeDone) => {
        leave()
        if (nodeId(done.remotePublicKey) === this.nodeId) {
          wire.destroy()
          return
        }
        this.#doorkeeper.letIn()
        try {
          this.#open(wire, done, { accept, outgoing: false, onEnded: () => this.#doorkeeper.leave() })
        } catch {
          // Whoever does not take a connection over has decided against it.
        }
      },
      onFailed: leave,
    }
    shakeHands(wire, started, { timeoutMs: this.limits.handshakeTimeoutMs, listener })
  }

  /** Throws what `accept` throws, and closes the wire then. */
  #open(
    wire: Wire,
    done: HandshakeDone,
    {
      accept,
      outgoing,
      onEnded,
    }: { readonly accept: Accept; readonly outgoing: boolean; readonly onEnded: () => void },
  ): MessageConnection {
    const connection = new MessageConnection({
      wire,
      framing: this.#framing(done.next),
      remoteNodeId: nodeId(done.remotePublicKey),
      outgoing,
      limits: this.limits,
      onEnded,
    })
    try {
      connection.begin(accept(connection), done.rest)
    } catch (error) {
      wire.hear({ onBytes: () => {}, onEndOfStream: () => {}, onClosed: onEnded })
      wire.destroy()
      throw error
    }
    return connection
  }
}

export function abortedError(to: NetAddress): NetworkError {
  return new NetworkError('aborted', `The connection to ${formatAddress(to)} was given up, as asked.`)
}

function handshakeError(to: DialTarget, { kind, reason }: HandshakeFailure): NetworkError {
  const where = formatAddress(to)
  if (kind === 'timeout') {
    const message = `${where} took the connection but did not answer. ${reason} Check that a Lightning node listens there.`
    return new NetworkError('timeout', message)
  }
  const message = `${where} did not prove to be node ${to.nodeId}. ${reason} Check that the node id and the address belong together.`
  return new NetworkError('handshake_failed', message)
}

/** 32 bytes that are a secret key: any are, but for one case in 2^128. */
function freshSecret(): Uint8Array {
  for (;;) {
    const bytes = new Uint8Array(randomBytes(32))
    if (isSecretKey(bytes)) return bytes
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
