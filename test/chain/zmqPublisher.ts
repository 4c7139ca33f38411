import { createServer, type Socket } from 'node:net'
import { afterwards } from './stubbed.ts'

// A publisher that says what a test wants it to say, byte by byte.

export const GREETING = Uint8Array.from([
  ...[0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0],
  ...Buffer.from('NULL'.padEnd(20, '\0')),
  ...new Uint8Array(32),
])

export const frame = (body: Uint8Array, more = false): Uint8Array => Uint8Array.of(more ? 1 : 0, body.length, ...body)

export const longFrame = (body: Uint8Array, more = false): Uint8Array => {
  const size = new Uint8Array(8)
  new DataView(size.buffer).setBigUint64(0, BigInt(body.length))
  return Uint8Array.of(more ? 3 : 2, ...size, ...body)
}

export const command = (name: string, data: Uint8Array): Uint8Array =>
  Uint8Array.of(4, 1 + name.length + data.length, name.length, ...Buffer.from(name), ...data)

export const READY = command('READY', Buffer.from('\x0bSocket-Type\x00\x00\x00\x03PUB', 'latin1'))

/** A message about a block with this topic. */
export const news = (topic: string, hashBytes = 32): Uint8Array =>
  Uint8Array.of(
    ...frame(Buffer.from(topic), true),
    ...frame(new Uint8Array(hashBytes), true),
    ...frame(Buffer.alloc(4)),
  )

export interface StubPublisher {
  readonly port: number
  /** How many have come so far. */
  readonly connections: () => number
}

/** `greet` gets each connection, and how many there were before. */
export async function stubPublisher(greet: (socket: Socket, before: number) => void): Promise<StubPublisher> {
  const sockets = new Set<Socket>()
  let count = 0
  const server = createServer(socket => {
    sockets.add(socket)
    // Who leaves in the middle is expected here.
    socket.on('error', () => {})
    greet(socket, count)
    count += 1
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  afterwards(
    () =>
      new Promise(done => {
        server.close(() => done())
        for (const socket of sockets) socket.destroy()
      }),
  )
  return { port: address.port, connections: () => count }
}
