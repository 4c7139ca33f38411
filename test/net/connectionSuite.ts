import { describe, expect, test } from 'vitest'
import { bytesEqual, concat } from '../../src/base/index.ts'
import { ALICE, BOB, setStage } from './stage.ts'
import { gate, idOf, listenTo, message, Recorder, secretOf, settle, until, type World } from './worlds.ts'

/** What every network must do with connections and addresses, whatever carries its bytes. */
export function connectionSuite(world: World): void {
  const { open, bobListens, connected, tamper } = setStage(world)

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

    /** The acts of the initiator have 50 and 66 bytes; the messages begin behind them. */
    const ACTS = 116

    test('says when the stream ends inside a message', async () => {
      const { bob, at } = await bobListens()
      const through = await tamper(at, (byte, index) => (index < ACTS + 60 ? byte : undefined))
      const connection = await world
        .network(secretOf(ALICE))
        .dial({ ...through, nodeId: idOf(BOB) }, new Recorder().accept)
      connection.send([message(1), message(100)])
      await until(() => bob.ends.length === 1)
      expect(bob.ends).toEqual([expect.stringMatching(/the end of the stream after|ended inside a message/)])
      expect(bob.messages).toEqual([message(1)])
    })

    test.runIf(world.encrypted)('follows a message that was changed on the way, which is not heard', async () => {
      // In the second message: its length, and its last byte.
      for (const changed of [35, 35 + 18 + 20 + 15]) {
        const { bob, at } = await bobListens()
        const through = await tamper(at, (byte, index) => (index === ACTS + changed ? byte ^ 1 : byte))
        const alice = new Recorder()
        await world.network(secretOf(ALICE)).dial({ ...through, nodeId: idOf(BOB) }, alice.accept)
        alice.connection.send([message(1), message(20), message(2)])
        await until(() => bob.ends.length === 1 && alice.ends.length === 1)
        expect(bob.ends).toEqual([expect.stringContaining('a tag that does not fit (BOLT 8')])
        expect(bob.messages).toEqual([message(1)])
      }
    })

    test('follows a message that is too long for the protocol', async () => {
      const { alice, bob } = await connected()
      alice.connection.send([message(1), message(65_536)])
      await until(() => alice.ends.length === 1 && bob.ends.length === 1)
      expect(alice.ends).toEqual([expect.stringContaining('65536 bytes')])
      expect(bob.messages).toEqual([])
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
