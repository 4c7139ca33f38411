import { describe, expect, test } from 'vitest'
import type { NetLimits } from '../../src/net/index.ts'
import { receive, startInitiator } from '../../src/noise/index.ts'
import type { NetAddress } from '../../src/ports/index.ts'
import { ALICE, BOB, retried, setStage } from './stage.ts'
import { idOf, listenTo, message, Recorder, STRANGER, secretOf, settle, until, type World } from './worlds.ts'

/** What every network must do before there is a connection, and with those that are no peers. */
export function handshakeSuite(world: World): void {
  const { open, bobListens, tamper } = setStage(world)

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
}
