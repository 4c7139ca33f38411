import { createServer, Socket } from 'node:net'
import { fromHex, type NodeId, nodeId } from '../../src/base/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import { type NetLimits, PipeHub, pipeNetwork, tcpNetwork } from '../../src/net/index.ts'
import { SocketWire } from '../../src/net/socketWire.ts'
import type { Wire } from '../../src/net/wire.ts'
import type { Accept, Connection, NetAddress, Network } from '../../src/ports/index.ts'

// The worlds in which the same suite runs, and what its tests are made of.

export interface World {
  readonly name: string
  readonly encrypted: boolean
  /** Where to listen: port 0 of a host that there is. */
  readonly anywhere: NetAddress
  network(secret: Uint8Array, limits?: Partial<NetLimits>): Network
  /** Bytes and nothing else, as a stranger sends them. */
  connectRaw(to: NetAddress): Promise<Wire>
  listenRaw(onWire: (wire: Wire) => void): Promise<{ readonly address: NetAddress; close(): void }>
}

export const tcpWorld: World = {
  name: 'TCP',
  encrypted: true,
  anywhere: { host: '127.0.0.1', port: 0 },
  network: (nodeSecret, limits = {}) => tcpNetwork({ nodeSecret, limits }),
  connectRaw: to =>
    new Promise((resolve, reject) => {
      const socket = new Socket()
      socket.once('error', reject)
      socket.connect(to.port, to.host, () => resolve(new SocketWire(socket, 'raw')))
    }),
  listenRaw: onWire =>
    new Promise(resolve => {
      const server = createServer(socket => onWire(new SocketWire(socket, 'raw')))
      server.listen(0, '127.0.0.1', () => {
        // A server that listens on a port answers with an object.
        const { port } = server.address() as { port: number }
        resolve({ address: { host: '127.0.0.1', port }, close: () => server.close() })
      })
    }),
}

export function pipeWorld(encrypted: boolean): World {
  const hub = new PipeHub()
  return {
    encrypted,
    name: encrypted ? 'an encrypted pipe' : 'a plain pipe',
    anywhere: { host: 'somewhere', port: 0 },
    network: (nodeSecret, limits = {}) => pipeNetwork(hub, { nodeSecret, encrypted, limits }),
    connectRaw: async to => hub.connect(to, 'raw'),
    async listenRaw(onWire) {
      const { address, stop } = hub.listen({ host: 'raw', port: 0 }, onWire)
      return { address, close: stop }
    },
  }
}

/** Secrets of nodes, by number. */
export const secretOf = (number: number): Uint8Array => new Uint8Array(32).fill(number)
export const idOf = (number: number): NodeId => nodeId(publicKeyFromSecret(secretOf(number)))

/** A point on the curve that nobody in these tests has the secret of. */
export const STRANGER: NodeId = nodeId(fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'))

/** Takes connections over and remembers all that it hears. */
export class Recorder {
  readonly connections: Connection[] = []
  readonly messages: Uint8Array[] = []
  /** How many messages each call of `onMessages` brought. */
  readonly batches: number[] = []
  readonly ends: string[] = []
  /** What `onMessages` waits for. */
  busy: () => Promise<void> = async () => {}

  readonly accept: Accept = connection => {
    this.connections.push(connection)
    return {
      onMessages: async messages => {
        this.messages.push(...messages)
        this.batches.push(messages.length)
        await this.busy()
      },
      onEnd: reason => this.ends.push(reason),
    }
  }

  get connection(): Connection {
    const [first] = this.connections
    if (first === undefined) throw new Error('no connection yet')
    return first
  }
}

/** A promise and how to resolve it. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { passed: promise, open: () => resolve() }
}

/** Looks again and again; the time limit of the test ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 1))
}

/** Time for whatever must not happen to happen: many turns of the event loop. */
export async function settle(turns = 30): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise(resolve => setTimeout(resolve, 1))
}

/** Remembers what comes over a wire. */
export function listenTo(wire: Wire): { readonly bytes: number[]; ended: boolean; closed: boolean } {
  const heard = { bytes: [] as number[], ended: false, closed: false }
  wire.hear({
    onBytes: chunk => {
      for (const byte of chunk) heard.bytes.push(byte)
    },
    onEndOfStream: () => {
      heard.ended = true
    },
    onClosed: () => {
      heard.closed = true
    },
  })
  return heard
}

/** A message of a given length whose bytes tell it from others. */
export function message(length: number, mark = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + mark) & 0xff)
}
