import { createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import { tcpNetwork } from '../../src/net/index.ts'
import { dialError, listenError } from '../../src/net/tcpErrors.ts'
import { connectionSuite } from './connectionSuite.ts'
import { handshakeSuite } from './handshakeSuite.ts'
import { idOf, message, Recorder, secretOf, tcpWorld, until } from './worlds.ts'

connectionSuite(tcpWorld)
handshakeSuite(tcpWorld)

const hasIpv6 = Object.values(networkInterfaces()).some(found => found?.some(({ address }) => address === '::1'))

describe('TCP alone', () => {
  const open: { close(): unknown }[] = []
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close()
  })
  const alice = tcpNetwork({ nodeSecret: secretOf(1) })
  const bob = tcpNetwork({ nodeSecret: secretOf(2) })
  const nobody = new Recorder().accept

  test('says what to do about a port that another program uses', async () => {
    const server: Server = await new Promise(resolve => {
      const started = createServer().listen(0, '127.0.0.1', () => resolve(started))
    })
    open.push(server)
    // A server that listens on a port answers with an object.
    const { port } = server.address() as { port: number }
    await expect(alice.listen({ host: '127.0.0.1', port }, nobody)).rejects.toMatchObject({
      code: 'address_in_use',
      message: `Port ${port} on 127.0.0.1 is used by another program. Choose another one with --listen HOST:PORT, or stop it.`,
    })
  })

  test('says what to do about ports and hosts that there are not', async () => {
    const port = { code: 'address_not_usable', message: expect.stringContaining('70000 is no port') }
    await expect(alice.listen({ host: '127.0.0.1', port: 70_000 }, nobody)).rejects.toMatchObject(port)
    const far = { host: '127.0.0.1', port: 70_000, nodeId: idOf(2) }
    await expect(alice.dial(far, nobody)).rejects.toMatchObject(port)
    // Of the block for documentation (RFC 5737), which no machine has.
    await expect(alice.listen({ host: '192.0.2.1', port: 0 }, nobody)).rejects.toMatchObject({
      code: 'address_not_usable',
      message: expect.stringMatching(/192\.0\.2\.1 is no address of this machine.*--listen/),
    })
    // A name that never exists (RFC 6761).
    await expect(alice.dial({ host: 'nowhere.invalid', port: 9735, nodeId: idOf(2) }, nobody)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/No address was found for "nowhere.invalid"/),
    })
  })

  test('gives up a dial after its time', async () => {
    const listening = await bob.listen(tcpWorld.anywhere, nobody)
    open.push(listening)
    const impatient = tcpNetwork({ nodeSecret: secretOf(1), limits: { dialTimeoutMs: 1 } })
    // In the event loop timers that are due follow an immediate, and sockets come after them.
    await new Promise(setImmediate)
    const dialled = impatient.dial({ ...listening.address, nodeId: idOf(2) }, nobody)
    const start = performance.now()
    while (performance.now() - start < 10);
    await expect(dialled).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('firewall') })
  })

  test('gives up a dial that is aborted before there is a connection', async () => {
    const controller = new AbortController()
    const to = { host: 'nowhere.invalid', port: 9735, nodeId: idOf(2) }
    const aborted = alice.dial(to, nobody, controller.signal)
    controller.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
  })

  test.runIf(hasIpv6)('speaks IPv6, with addresses in brackets where people read them', async () => {
    const recorder = new Recorder()
    const listening = await bob.listen({ host: '::1', port: 0 }, recorder.accept)
    open.push(listening)
    const connection = await alice.dial({ ...listening.address, nodeId: idOf(2) }, nobody)
    open.push(connection)
    expect(connection.remoteAddress).toBe(`[::1]:${listening.address.port}`)
    await until(() => recorder.connections.length === 1)
    expect(recorder.connection.remoteAddress).toMatch(/^\[::1\]:\d+$/)
  })

  test.runIf(hasIpv6)('shows an IPv4 address as one, also to a socket for both kinds', async () => {
    const recorder = new Recorder()
    const listening = await bob.listen({ host: '::', port: 0 }, recorder.accept)
    open.push(listening)
    const at = { host: '127.0.0.1', port: listening.address.port, nodeId: idOf(2) }
    const connection = await alice.dial(at, nobody)
    open.push(connection)
    connection.send([message(1)])
    await until(() => recorder.messages.length === 1)
    expect(recorder.connection.remoteAddress).toMatch(/^127\.0\.0\.1:\d+$/)
  })
})

describe('what the system says', () => {
  const at = { host: '10.0.0.7', port: 80 }
  const system = (code: string) => Object.assign(new Error(`connect ${code}`), { code })

  test.each([
    ['EADDRINUSE', 'address_in_use', 'Port 80 on 10.0.0.7 is used'],
    ['EACCES', 'address_not_usable', 'Choose a port from 1024 on'],
    ['EADDRNOTAVAIL', 'address_not_usable', 'no address of this machine'],
    ['ENOTFOUND', 'address_not_usable', 'no address of this machine'],
    ['EMFILE', 'address_not_usable', 'connect EMFILE'],
  ])('about listening: %s', (said, code, words) => {
    const error = listenError(at, system(said))
    expect(error).toMatchObject({ name: 'NetworkError', code, message: expect.stringContaining(words) })
    expect(error.cause).toMatchObject({ code: said })
  })

  test.each([
    ['ECONNREFUSED', 'unreachable', 'Nothing listens on 10.0.0.7:80'],
    ['EAI_AGAIN', 'unreachable', 'No address was found'],
    ['ETIMEDOUT', 'timeout', 'firewall'],
    ['EHOSTUNREACH', 'unreachable', 'connect EHOSTUNREACH'],
  ])('about dialling: %s', (said, code, words) => {
    expect(dialError(at, system(said))).toMatchObject({ code, message: expect.stringContaining(words) })
  })

  test('is told also where it is no error of the system', () => {
    expect(dialError(at, 'odd')).toMatchObject({ code: 'unreachable', message: expect.stringContaining('odd') })
    expect(listenError(at, 'odd')).toMatchObject({
      code: 'address_not_usable',
      message: expect.stringContaining('odd'),
    })
  })
})
