import { fromHex, type NodeId, nodeId } from '../base/index.ts'
import { isSecretKey } from '../crypto/index.ts'
import { DEFAULT_NET_LIMITS, encryptedFraming, type Framing, shakeHands, type WireListener } from '../net/index.ts'
import { type HandshakeDone, startInitiator, startResponder } from '../noise/index.ts'
import type { Clock } from './clock.ts'
import type { Flow } from './flow.ts'
import type { Random } from './random.ts'

/** What makes messages of what arrives at one end of a connection, and the other way round. */
export interface Speech {
  /** The connection is there, for both ends. */
  begin(): void
  /** After it has opened. */
  send(message: Uint8Array): void
  arrived(piece: Uint8Array, isSpoilt: boolean): void
  /** The other end sends nothing more. Somebody is told about it only where nobody was told that it is open. */
  ended(): void
}

/** What an end hears. Of the first two exactly one comes, once, and nothing after the second or the last. */
export interface SpeechListener {
  opened(peer: NodeId): void
  /** There will be no connection. */
  failed(reason: string): void
  message(bytes: Uint8Array): void
  /** What has arrived is not what was sent: the connection is over. */
  broke(): void
}

/** Messages as they are: no bytes, no keys. Of what a key would show it is told instead. */
export function plainSpeech(sends: Flow, listener: SpeechListener, peer: NodeId): Speech {
  return {
    begin: () => listener.opened(peer),
    send: message => sends.send(message),
    arrived: (message, isSpoilt) => (isSpoilt ? listener.broke() : listener.message(message)),
    ended: () => {},
  }
}

export interface Bolt8Options {
  readonly clock: Clock
  readonly random: Random
  /** The secret of the node at this end. */
  readonly secret: Uint8Array
  /** Who should be at the other end, for whoever has dialled. */
  readonly dialled: NodeId | undefined
}

/** BOLT 8 over a stream of bytes, by the code that a node has between its sockets and its engine. */
export function bolt8Speech(sends: Flow, listener: SpeechListener, options: Bolt8Options): Speech {
  let hears: WireListener | undefined
  let framing: Framing | undefined
  const open = ({ next, remotePublicKey, rest }: HandshakeDone) => {
    framing = encryptedFraming(next)
    hears = { onBytes: bytes => read(bytes), onEndOfStream: () => {}, onClosed: () => {} }
    listener.opened(nodeId(remotePublicKey))
    if (rest.length > 0) read(rest)
  }
  const read = (bytes: Uint8Array) => {
    const { messages = [], failure } = framing?.read(bytes) ?? {}
    for (const message of messages) listener.message(message)
    if (failure !== undefined) listener.broke()
  }
  const wire = {
    hear: (next: WireListener) => {
      hears = next
    },
    write: (bytes: Uint8Array) => sends.send(bytes),
    // Who hears that it failed ends the connection.
    destroy: () => {},
  }
  return {
    begin: () =>
      shakeHands(wire, start(options), {
        timeoutMs: DEFAULT_NET_LIMITS.handshakeTimeoutMs,
        listener: { onDone: open, onFailed: ({ reason }) => listener.failed(reason) },
        alarm: alarmOf(options.clock),
      }),
    send: message => {
      if (framing !== undefined) sends.send(framing.write([message]))
    },
    arrived: bytes => hears?.onBytes(bytes),
    ended: () => hears?.onEndOfStream(),
  }
}

function start({ secret, random, dialled }: Bolt8Options) {
  const keys = { localSecret: secret, ephemeralSecret: freshSecret(random) }
  return dialled === undefined ? startResponder(keys) : startInitiator({ ...keys, remotePublicKey: fromHex(dialled) })
}

function freshSecret(random: Random): Uint8Array {
  for (;;) {
    const bytes = random.bytes(32)
    if (isSecretKey(bytes)) return bytes
  }
}

/** Virtual time in place of the host's. */
function alarmOf(clock: Clock) {
  return (ms: number, act: () => void) => {
    let isOn = true
    clock.after(ms, () => {
      if (isOn) act()
    })
    return () => {
      isOn = false
    }
  }
}
