import { createServer, type Server, Socket } from 'node:net'
import { assert } from '../base/index.ts'
import type { Accept, Listening, NetAddress, Network } from '../ports/index.ts'
import { formatAddress } from './address.ts'
import { abortedError, type DialTarget, Endpoint } from './endpoint.ts'
import { encryptedFraming } from './framing.ts'
import { DEFAULT_NET_LIMITS, type NetLimits } from './limits.ts'
import { remoteAddressOf, SocketWire } from './socketWire.ts'
import { dialError, dialTimeout, listenError } from './tcpErrors.ts'
import type { Wire } from './wire.ts'

export interface TcpOptions {
  /** The secret of our node id, 32 bytes. */
  readonly nodeSecret: Uint8Array
  /** Those left out are the ones of `DEFAULT_NET_LIMITS`. */
  readonly limits?: Partial<NetLimits>
}

/**
 * Connections over TCP with BOLT 8. What is sent in one instant leaves in one write; a peer is read only as fast as its
 * messages are taken.
 */
export function tcpNetwork({ nodeSecret, limits = {} }: TcpOptions): Network {
  const endpoint = new Endpoint({
    nodeSecret,
    limits: { ...DEFAULT_NET_LIMITS, ...limits },
    framing: encryptedFraming,
  })
  return {
    listen: (address, accept) => listenOn(endpoint, address, accept),
    async dial(to, accept, signal) {
      endpoint.checkDial(to, signal)
      const wire = await connect(to, endpoint.limits.dialTimeoutMs, signal)
      return endpoint.initiate(wire, to, accept, signal)
    },
  }
}

function listenOn(endpoint: Endpoint, address: NetAddress, accept: Accept): Promise<Listening> {
  const halfOpen = new Set<Wire>()
  const server = createServer(socket =>
    endpoint.respond(new SocketWire(socket, formatAddress(remoteAddressOf(socket))), accept, halfOpen),
  )
  return new Promise((resolve, reject) => {
    // Stays for as long as the server does: an error after the start, such as too many open files, costs one connection,
    // which is not there, and rejects nothing any more.
    server.on('error', error => reject(listenError(address, error)))
    server.on('listening', () =>
      resolve({ address: { host: address.host, port: portOf(server) }, close: () => stop(server, halfOpen) }),
    )
    try {
      server.listen({ host: address.host, port: address.port })
    } catch (error) {
      reject(listenError(address, error))
    }
  })
}

/** The port is free again when this resolves; the server itself lasts until its last connection has ended. */
function stop(server: Server, halfOpen: ReadonlySet<Wire>): Promise<void> {
  server.close()
  for (const wire of [...halfOpen]) wire.destroy()
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}

function portOf(server: Server): number {
  const address = server.address()
  assert(typeof address === 'object' && address !== null, 'a server that listens on a port has a port')
  return address.port
}

/** A connected wire. Rejects with a `NetworkError`, and leaves nothing open then. */
function connect(to: DialTarget, timeoutMs: number, signal: AbortSignal | undefined): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = new Socket()
    const giveUp = (error: Error) => {
      settle()
      reject(error)
      socket.destroy()
    }
    const onError = (error: Error) => giveUp(dialError(to, error))
    const onAbort = () => giveUp(abortedError(to))
    const timer = setTimeout(() => giveUp(dialTimeout(to)), timeoutMs)
    const settle = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    // Stays, so that an error after the reason to give up has a listener.
    socket.on('error', onError)
    socket.on('connect', () => {
      settle()
      resolve(new SocketWire(socket, formatAddress(to)))
    })
    try {
      socket.connect({ host: to.host, port: to.port })
    } catch (error) {
      giveUp(dialError(to, error))
    }
  })
}
