import { afterEach, describe, expect, test } from 'vitest'
import { bytesEqual, concat } from '../../src/base/index.ts'
import type { NetLimits } from '../../src/net/index.ts'
import type { Wire } from '../../src/net/wire.ts'
import { startInitiator } from '../../src/noise/index.ts'
import type { NetAddress } from '../../src/ports/index.ts'
import { gate, idOf, listenTo, message, Recorder, STRANGER, secretOf, settle, until, type World } from './worlds.ts'

const ALICE = 1
const BOB = 2

/** What every network must do, whatever carries its bytes. */
export function networkSuite(world: World): void {
  const open: { close(): unknown }[] = []
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close()
  })

  /** Bob listens. */
  async function bobListens(limits: Partial<NetLimits> = {}) {
    const bob = new Recorder()
    const network = world.network(secretOf(BOB), limits)
    const listening = await network.listen(world.anywhere, bob.accept)
    open.push(listening)
    return { bob, listening, network, at: { ...listening.address, nodeId: idOf(BOB) } }
  }

  /** Alice has dialled Bob. */
  async function connected(limits: { readonly alice?: Partial<NetLimits>; readonly bob?: Partial<NetLimits> } = {}) {
    const { bob, listening, at } = await bobListens(limits.bob)
    const alice = new Recorder()
    const network = world.network(secretOf(ALICE), limits.alice)
    const connection = await network.dial(at, alice.accept)
    await until(() => bob.connections.length === 1)
    open.push(connection, bob.connection)
    return { alice, bob, listening, at, network }
  }

  /** Between dialers and a node, one who passes bytes on in pieces of one, and may change them. */
  async function tamper(to: NetAddress, change: (byte: number, index: number) => number = byte => byte) {
    const wires: Wire[] = []
    const pass = (from: Wire, into: Wire, changed: typeof change) => {
      let index = 0
      from.hear({
        onBytes: chunk => {
          for (const byte of chunk) into.write(Uint8Array.of(changed(byte, index++)))
        },
        onEndOfStream: () => into.end(),
        onClosed: () => into.destroy(),
      })
    }
    const listening = await world.listenRaw(async wire => {
      const onward = await world.connectRaw(to)
      wires.push(wire, onward)
      pass(wire, onward, change)
      pass(onward, wire, byte => byte)
    })
    open.push(listening, { close: () => wires.map(wire => wire.destroy()) })
    return listening.address
  }

  describe(`a connection over ${world.name}`, () => {
    test('names both ends', async () => {
      const { alice, bob, at } = await connected()
      expect(alice.connection).toMatchObject({ remoteNodeId: idOf(BOB), outgoing: true })
      expect(alice.connection.remoteAddress).toBe(`${at.host}:${at.port}`)
      expect(bob.connection).toMatchObject({ remoteNodeId: idOf(ALICE), outgoing: false })
      expect(bob.connection.remoteAddress).not.toBe('')
    })

    test('carries messages of every length, in order, in both directions', async () => {
      const { alice, bob } = await connected()
      const there = [0, 1, 2, 17, 18, 1450, 65535, 0, 65535].map(message)
      const back = [3, 65534, 0, 5].map(message)
      alice.connection.send(there)
      bob.connection.send(back)
      await until(() => bob.messages.length === there.length && alice.messages.length === back.length)
      expect(bob.messages).toEqual(there)
      expect(alice.messages).toEqual(back)
    })

    test('carries a message that is sent while the connection is taken over, from either side', async () => {
      const bob = new Recorder()
      const alice = new Recorder()
      const listening = await world.network(secretOf(BOB)).listen(world.anywhere, connection => {
        connection.send([message(5, 1)])
        return bob.accept(connection)
      })
      open.push(listening)
      const at = { ...listening.address, nodeId: idOf(BOB) }
      const connection = await world.network(secretOf(ALICE)).dial(at, taken => {
        taken.send([message(6, 2)])
        return alice.accept(taken)
      })
      open.push(connection)
      await until(() => alice.messages.length === 1 && bob.messages.length === 1)
      expect(alice.messages).toEqual([message(5, 1)])
      expect(bob.messages).toEqual([message(6, 2)])
    })

    test('carries messages that come one byte at a time', async () => {
      const { bob, at } = await bobListens()
      const alice = new Recorder()
      const through = await tamper(at)
      open.push(await world.network(secretOf(ALICE)).dial({ ...through, nodeId: idOf(BOB) }, alice.accept))
      await until(() => bob.connections.length === 1)
      const messages = [0, 1, 300, 18].map(message)
      alice.connection.send(messages)
      bob.connection.send(messages)
      await until(() => bob.messages.length === 4 && alice.messages.length === 4)
      expect(bob.messages).toEqual(messages)
      expect(alice.messages).toEqual(messages)
    })

    test('sends what is sent in one instant in one write, also from promise to promise', async () => {
      const { alice, bob } = await connected()
      alice.connection.send([message(1), message(2)])
      for (let i = 3; i < 20; i++) {
        await Promise.resolve()
        alice.connection.send([message(i)])
      }
      await until(() => bob.messages.length === 19)
      expect(bob.messages).toEqual(Array.from({ length: 19 }, (_, i) => message(i + 1)))
      expect(bob.batches).toEqual([19])
    })

    test('carries bursts larger than any buffer', async () => {
      const { alice, bob } = await connected()
      const burst = Array.from({ length: 20_000 }, (_, i) => message(200, i))
      alice.connection.send(burst)
      bob.connection.send(burst)
      await until(() => bob.messages.length === burst.length && alice.messages.length === burst.length)
      expect(bytesEqual(concat(...bob.messages), concat(...burst))).toBe(true)
      expect(bytesEqual(concat(...alice.messages), concat(...burst))).toBe(true)
      expect(bob.batches.length).toBeLessThan(burst.length / 10)
    })

    test('sends nothing for no messages', async () => {
      const { alice, bob } = await connected()
      alice.connection.send([])
      alice.connection.send([message(3)])
      await until(() => bob.messages.length === 1)
      expect(bob.batches).toEqual([1])
    })
  })

  describe(`a slow listener over ${world.name}`, () => {
    test('is given nothing more until it is ready, and then all of it', async () => {
      const { alice, bob } = await connected()
      const { passed, open: openGate } = gate()
      bob.busy = () => passed
      alice.connection.send([message(10, 1)])
      await until(() => bob.messages.length === 1)
      for (let i = 2; i < 5; i++) {
        alice.connection.send([message(10, i)])
        await settle(5)
      }
      expect(bob.batches).toEqual([1])
      openGate()
      await until(() => bob.messages.length === 4)
      expect(bob.messages).toEqual([1, 2, 3, 4].map(mark => message(10, mark)))
    })

    test('makes the sender end when too much waits', async () => {
      const { alice, bob } = await connected({ alice: { maxWaitingBytes: 1_000_000 } })
      const { passed, open: openGate } = gate()
      bob.busy = () => passed
      const burst = Array.from({ length: 100 }, () => message(1000))
      let sent = 0
      // The system takes some megabytes off us before bytes begin to wait.
      while (alice.ends.length === 0 && sent < 200_000_000) {
        alice.connection.send(burst)
        sent += 100_000
        await new Promise(setImmediate)
      }
      expect(alice.ends).toEqual([
        expect.stringMatching(/reads too slowly: \d+ bytes wait for it, and at most 1000000 may/),
      ])
      alice.connection.send(burst)
      openGate()
      await until(() => bob.ends.length === 1)
      expect(bob.messages.length).toBeLessThan(sent / 1000)
    })

    test('may be sent as much as may wait, at once, and not a byte more', async () => {
      const { alice, bob } = await connected({ alice: { maxWaitingBytes: 10_034 } })
      alice.connection.send([message(10_000)])
      await until(() => bob.messages.length === 1)
      alice.connection.send([message(10_001)])
      await until(() => alice.ends.length === 1)
      expect(alice.ends).toEqual([expect.stringContaining('10035 bytes wait')])
      await until(() => bob.ends.length === 1)
      expect(bob.messages).toHaveLength(1)
    })

    test('counts what waits for the next write, too', async () => {
      const { alice } = await connected({ alice: { maxWaitingBytes: 100 } })
      alice.connection.send([message(16)])
      alice.connection.send([message(16)])
      alice.connection.send([message(0)])
      expect(alice.ends).toEqual([])
      await until(() => alice.ends.length === 1)
      expect(alice.ends).toEqual([expect.stringContaining('134 bytes wait')])
    })
  })

  describe(`the end of a connection over ${world.name}`, () => {
    test('comes after what was sent, once, on both sides', async () => {
      const { alice, bob } = await connected()
      const burst = Array.from({ length: 1000 }, (_, i) => message(1000, i))
      alice.connection.send(burst)
      alice.connection.close()
      alice.connection.close()
      alice.connection.send([message(1)])
      await until(() => alice.ends.length === 1 && bob.ends.length === 1)
      await settle(5)
      expect(bob.messages).toEqual(burst)
      expect(alice.ends).toEqual(['We closed the connection.'])
      expect(bob.ends).toEqual(['The other end closed the connection.'])
    })

    test('lets what the other side has already sent go out', async () => {
      const { alice, bob } = await connected()
      bob.connection.send([message(1)])
      bob.connection.close()
      await until(() => alice.ends.length === 1)
      expect(alice.messages).toEqual([message(1)])
    })

    test('drops what comes after our own close', async () => {
      const { alice, bob } = await connected()
      alice.connection.close()
      bob.connection.send([message(1)])
      await until(() => alice.ends.length === 1 && bob.ends.length === 1)
      expect(alice.messages).toEqual([])
    })

    test('comes also where the other side never reads, after the grace', async () => {
      const { alice, bob } = await connected({ alice: { closingGraceMs: 20 } })
      const { passed, open: openGate } = gate()
      bob.busy = () => passed
      alice.connection.send([message(1)])
      await until(() => bob.messages.length === 1)
      alice.connection.send(Array.from({ length: 100 }, () => message(65_000)))
      alice.connection.close()
      await until(() => alice.ends.length === 1)
      openGate()
      await until(() => bob.ends.length === 1)
    })

    test('comes from a listener that throws or rejects, with its reason, and to its side alone', async () => {
      for (const failing of [
        async () => Promise.reject(new Error('the disk is full')),
        () => {
          throw new Error('the disk is full')
        },
        async () => Promise.reject('the disk is full'),
      ]) {
        const { alice, bob } = await connected()
        bob.busy = failing
        alice.connection.send([message(1)])
        await until(() => alice.ends.length === 1 && bob.ends.length === 1)
        expect(bob.ends).toEqual([expect.stringContaining('the disk is full')])
        expect(alice.ends).not.toEqual([expect.stringContaining('disk')])
      }
    })

    test('survives listeners that throw at the end', async () => {
      const { at } = await bobListens()
      let ends = 0
      const connection = await world.network(secretOf(ALICE)).dial(at, () => ({
        onMessages: async () => {},
        onEnd: () => {
          ends++
          throw new Error('not even that')
        },
      }))
      connection.close()
      await until(() => ends === 1)
    })

    test('may be asked for while the connection is taken over', async () => {
      const { at } = await bobListens()
      const alice = new Recorder()
      await world.network(secretOf(ALICE)).dial(at, connection => {
        connection.close()
        return alice.accept(connection)
      })
      await until(() => alice.ends.length === 1)
      expect(alice.ends).toEqual(['We closed the connection.'])
    })

    test('may be asked for while messages are handled', async () => {
      const { alice, bob } = await connected()
      bob.busy = async () => bob.connection.close()
      alice.connection.send([message(1), message(2)])
      await until(() => alice.ends.length === 1 && bob.ends.length === 1)
      expect(bob.ends).toEqual(['We closed the connection.'])
    })

    test('follows a message that is too long for the protocol', async () => {
      const { alice, bob } = await connected()
      alice.connection.send([message(1), message(65_536)])
      await until(() => alice.ends.length === 1 && bob.ends.length === 1)
      expect(alice.ends).toEqual([expect.stringContaining('65536 bytes')])
      expect(bob.messages).toEqual([])
    })
  })

  describe(`a handshake over ${world.name}`, () => {
    const dial = (to: NetAddress, id = idOf(BOB), limits: Partial<NetLimits> = {}) =>
      world.network(secretOf(ALICE), limits).dial({ ...to, nodeId: id }, new Recorder().accept)

    test('fails where another node answers', async () => {
      const { bob, at } = await bobListens()
      await expect(dial(at, STRANGER)).rejects.toMatchObject({
        name: 'NetworkError',
        code: 'handshake_failed',
        message: expect.stringMatching(/did not prove to be node 0279be.*Check that the node id and the address/),
      })
      await settle(5)
      expect(bob.connections).toEqual([])
    })

    test('fails where something else answers', async () => {
      const answers = ['HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(3), '\0'.repeat(50)]
      for (const answer of answers) {
        const server = await world.listenRaw(wire => {
          listenTo(wire)
          wire.write(new TextEncoder().encode(answer))
        })
        open.push(server)
        await expect(dial(server.address)).rejects.toMatchObject({ code: 'handshake_failed' })
      }
    })

    test('fails where the other end closes at once, and after half an act', async () => {
      for (const bytes of [0, 25]) {
        const server = await world.listenRaw(wire => {
          listenTo(wire)
          wire.write(new Uint8Array(bytes))
          wire.end()
        })
        open.push(server)
        await expect(dial(server.address)).rejects.toMatchObject({
          code: 'handshake_failed',
          message: expect.stringContaining(`the end of the stream after ${bytes} bytes`),
        })
      }
    })

    test('ends after its time on either side', async () => {
      const server = await world.listenRaw(listenTo)
      open.push(server)
      await expect(dial(server.address, idOf(BOB), { handshakeTimeoutMs: 20 })).rejects.toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('not done after 0.02 seconds'),
      })
      const { at } = await bobListens({ handshakeTimeoutMs: 20 })
      const stranger = listenTo(await world.connectRaw(at))
      await until(() => stranger.ended)
      expect(stranger.bytes).toEqual([])
    })

    test('answers garbage with an end and not a byte', async () => {
      const { bob, at } = await bobListens()
      for (const garbage of [new Uint8Array(50).fill(1), new Uint8Array(50), message(100_000)]) {
        const wire = await world.connectRaw(at)
        const stranger = listenTo(wire)
        wire.write(garbage)
        await until(() => stranger.closed)
        expect(stranger.bytes).toEqual([])
      }
      expect(bob.connections).toEqual([])
    })

    test('ends where the other end goes away between the acts', async () => {
      const { bob, at } = await bobListens({ maxHalfOpen: 1 })
      const { send: actOne } = startInitiator({
        localSecret: secretOf(ALICE),
        remotePublicKey: Buffer.from(idOf(BOB), 'hex'),
        ephemeralSecret: secretOf(7),
      })
      for (const leave of ['end', 'destroy'] as const) {
        const wire = await world.connectRaw(at)
        const stranger = listenTo(wire)
        wire.write(actOne)
        await until(() => stranger.bytes.length === 50)
        wire[leave]()
        await until(() => stranger.closed)
      }
      // The one place for a handshake is free again.
      await retried(() => dial(at).then(connection => open.push(connection)))
      await until(() => bob.connections.length === 1)
    })

    test('ends with a connection whose bytes were changed on the way', async () => {
      const { bob, at } = await bobListens()
      // In the acts of the initiator: version, key, tag; then version, key, tag, tag.
      for (const changed of [0, 10, 49, 50, 60, 110, 115]) {
        const through = await tamper(at, (byte, index) => (index === changed ? byte ^ 1 : byte))
        const alice = new Recorder()
        const dialled = world.network(secretOf(ALICE)).dial({ ...through, nodeId: idOf(BOB) }, alice.accept)
        if (changed < 50) await expect(dialled).rejects.toMatchObject({ code: 'handshake_failed' })
        else {
          await dialled
          await until(() => alice.ends.length === 1)
        }
      }
      expect(bob.connections).toEqual([])
    })

    test('is refused to oneself', async () => {
      const { bob, network, at } = await bobListens()
      await expect(network.dial(at, bob.accept)).rejects.toMatchObject({
        code: 'handshake_failed',
        message: expect.stringContaining('this node itself'),
      })
      // Another process with the same secret does not look before it dials.
      const twin = await dialUnchecked(at, BOB)
      await until(() => twin.closed)
      expect(bob.connections).toEqual([])
    })

    test('is not begun with a node id that is none', async () => {
      const { at } = await bobListens()
      // As it may come from a hurried caller.
      for (const wrong of ['', 'xyz', idOf(BOB).slice(2), `05${idOf(BOB).slice(2)}`] as (typeof STRANGER)[]) {
        await expect(dial(at, wrong)).rejects.toMatchObject({
          code: 'handshake_failed',
          message: expect.stringContaining('is no node id'),
        })
      }
    })

    test('ends where nobody wants the connection', async () => {
      const refuse = () => {
        throw new Error('not today')
      }
      const { bob, at } = await bobListens()
      await expect(world.network(secretOf(ALICE)).dial(at, refuse)).rejects.toMatchObject({
        code: 'aborted',
        message: expect.stringContaining('not today'),
      })
      await until(() => bob.ends.length === 1)
      const listening = await world.network(secretOf(BOB)).listen(world.anywhere, refuse)
      open.push(listening)
      const alice = new Recorder()
      await world.network(secretOf(ALICE)).dial({ ...listening.address, nodeId: idOf(BOB) }, alice.accept)
      await until(() => alice.ends.length === 1)
    })

    /** Shakes hands without any of our own checks, and tells what became of the wire. */
    async function dialUnchecked(to: NetAddress, self: number) {
      const { receive } = await import('../../src/noise/index.ts')
      const wire = await world.connectRaw(to)
      const heard = { closed: false }
      const started = startInitiator({
        localSecret: secretOf(self),
        remotePublicKey: Buffer.from(idOf(BOB), 'hex'),
        ephemeralSecret: secretOf(9),
      })
      wire.hear({
        onBytes: chunk => {
          const step = receive(started.state, chunk)
          if (step.ok) wire.write(step.value.send)
        },
        onEndOfStream: () => {},
        onClosed: () => {
          heard.closed = true
        },
      })
      wire.write(started.send)
      return heard
    }
  })

  describe(`strangers over ${world.name}`, () => {
    test('get no more handshakes than there is room for, and the room comes back', async () => {
      for (const limits of [{ maxHalfOpen: 3 }, { maxHalfOpenPerAddress: 3 }, { maxIncoming: 3 }]) {
        const { bob, at } = await bobListens(limits)
        const flood = await Promise.all(Array.from({ length: 10 }, () => world.connectRaw(at)))
        const heard = flood.map(listenTo)
        await until(() => heard.filter(({ ended }) => ended).length === 7)
        await settle(5)
        expect(heard.filter(({ ended }) => ended)).toHaveLength(7)
        for (const wire of flood) wire.destroy()
        const alice = new Recorder()
        const network = world.network(secretOf(ALICE))
        await retried(() => network.dial(at, alice.accept).then(connection => open.push(connection)))
        await until(() => bob.connections.length === 1)
      }
    })

    test('get no more connections than there is room for', async () => {
      const { bob, at } = await bobListens({ maxIncoming: 2 })
      const dials = [3, 4].map(number => world.network(secretOf(number)).dial(at, new Recorder().accept))
      const [first] = await Promise.all(dials)
      await until(() => bob.connections.length === 2)
      const third = () => world.network(secretOf(5)).dial(at, new Recorder().accept)
      await expect(third()).rejects.toMatchObject({ code: 'handshake_failed' })
      first?.close()
      await until(() => bob.ends.length === 1)
      open.push(await third())
      await until(() => bob.connections.length === 3)
    })
  })

  describe(`an address over ${world.name}`, () => {
    test('is used by one at a time, and free after close', async () => {
      const { listening } = await bobListens()
      expect(listening.address.port).toBeGreaterThan(0)
      const other = world.network(secretOf(3))
      await expect(other.listen(listening.address, new Recorder().accept)).rejects.toMatchObject({
        name: 'NetworkError',
        code: 'address_in_use',
        message: expect.stringMatching(/Choose another/),
      })
      await listening.close()
      await listening.close()
      open.push(await other.listen(listening.address, new Recorder().accept))
    })

    test('is not reachable where nobody listens', async () => {
      const { listening, at } = await bobListens()
      await listening.close()
      await expect(world.network(secretOf(ALICE)).dial(at, new Recorder().accept)).rejects.toMatchObject({
        name: 'NetworkError',
        code: 'unreachable',
        message: expect.stringContaining(String(at.port)),
      })
    })

    test('keeps its connections when it is listened on no more, and drops its handshakes', async () => {
      const { alice, bob, listening } = await connected()
      const stranger = listenTo(await world.connectRaw(listening.address))
      await settle(5)
      await listening.close()
      await until(() => stranger.ended)
      alice.connection.send([message(4)])
      await until(() => bob.messages.length === 1)
    })
  })

  describe(`a dial over ${world.name} that is given up`, () => {
    const given = { code: 'aborted', message: expect.stringContaining('given up') }

    test('before it begins', async () => {
      const { bob, at } = await bobListens()
      const dialled = world.network(secretOf(ALICE)).dial(at, new Recorder().accept, AbortSignal.abort())
      await expect(dialled).rejects.toMatchObject(given)
      await settle(5)
      expect(bob.connections).toEqual([])
    })

    test('in its first instant', async () => {
      const { at } = await bobListens()
      const controller = new AbortController()
      const alice = new Recorder()
      const dialled = world.network(secretOf(ALICE)).dial(at, alice.accept, controller.signal)
      controller.abort()
      await expect(dialled).rejects.toMatchObject(given)
      await settle(5)
      expect(alice.connections).toEqual([])
    })

    test('during the handshake', async () => {
      const controller = new AbortController()
      let closed = false
      const server = await world.listenRaw(wire =>
        wire.hear({
          onBytes: () => controller.abort(),
          onEndOfStream: () => {},
          onClosed: () => {
            closed = true
          },
        }),
      )
      open.push(server)
      const to = { ...server.address, nodeId: idOf(BOB) }
      const dialled = world.network(secretOf(ALICE)).dial(to, new Recorder().accept, controller.signal)
      await expect(dialled).rejects.toMatchObject(given)
      await until(() => closed)
    })

    test('too late, when the connection is there', async () => {
      const { bob, at } = await bobListens()
      const controller = new AbortController()
      const connection = await world.network(secretOf(ALICE)).dial(at, new Recorder().accept, controller.signal)
      open.push(connection)
      controller.abort()
      connection.send([message(1)])
      await until(() => bob.messages.length === 1)
    })
  })
}

/** For what is free again in a moment. */
async function retried(attempt: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await attempt()
      return
    } catch {
      await settle(1)
    }
  }
}
