import { connect, createServer, type Server, type Socket } from 'node:net'
import { Option_SocketAddressZ, type PeerManager, SocketDescriptor } from 'lightningdevkit'
import { resultOf, unhex } from './bytes.ts'

// Bytes between sockets and LDK. What one socket cannot take now is kept here, so that every write of LDK is whole: it is never told
// to wait, which it does not recover from in this version.

let nextHash = 1n

export interface Line {
  readonly peers: PeerManager
  /** Something was read: LDK may have more to say. */
  readonly moved: () => void
}

export function listen(line: Line, port: number): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(socket => {
    const descriptor = attach(socket, line)
    const met = line.peers.new_inbound_connection(descriptor, Option_SocketAddressZ.constructor_none())
    if (!met.is_ok()) socket.destroy()
  })
  return new Promise((done, failed) => {
    server.once('error', failed)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      if (typeof address === 'object' && address !== null) done({ server, port: address.port })
    })
  })
}

export function dial(line: Line, nodeId: string, host: string, port: number): Promise<void> {
  return new Promise((done, failed) => {
    const socket = connect({ host, port })
    socket.once('error', failed)
    socket.once('connect', () => {
      const descriptor = attach(socket, line)
      const first = line.peers.new_outbound_connection(
        unhex(nodeId),
        descriptor,
        Option_SocketAddressZ.constructor_none(),
      )
      socket.write(resultOf<Uint8Array>(first, 'a connection outwards'))
      done()
    })
  })
}

function attach(socket: Socket, { peers, moved }: Line): SocketDescriptor {
  let isOpen = true
  const hash = nextHash++
  socket.setNoDelay(true)
  const descriptor = SocketDescriptor.new_impl({
    send_data(data) {
      if (!isOpen) return 0
      socket.write(new Uint8Array(data))
      return data.length
    },
    disconnect_socket() {
      isOpen = false
      socket.destroySoon()
    },
    eq: other => other.hash() === hash,
    hash: () => hash,
  })
  socket.on('data', bytes => {
    if (!isOpen) return
    const read = peers.read_event(descriptor, new Uint8Array(bytes))
    if (!read.is_ok()) {
      isOpen = false
      socket.destroy()
    }
    moved()
  })
  socket.on('error', () => undefined)
  socket.once('close', () => {
    if (isOpen) peers.socket_disconnected(descriptor)
    isOpen = false
    moved()
  })
  return descriptor
}
