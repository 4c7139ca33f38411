import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { XPublisher } from 'zeromq'
import { afterwards, eventually, scripted } from './stubbed.ts'

// The publisher of bitcoind is libzmq: so is this one, in a package that we did not write.

const HOUR = 3_600_000
const HASH = new Uint8Array(32).fill(7)

/** bitcoind publishes on a port that its configuration names, and again on the same one after a start. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  return address.port
}

async function publisherAt(port: number) {
  const socket = new XPublisher({ linger: 0 })
  await socket.bind(`tcp://127.0.0.1:${port}`)
  afterwards(async () => socket.close())
  return {
    /** What the next subscriber asks for: only from then on it is told of anything. */
    subscribed: async () => (await socket.receive())[0]?.toString('latin1'),
    tell: (topic: string) => socket.send([topic, HASH, new Uint8Array(4)]),
    close: () => socket.close(),
  }
}

test('libzmq takes our subscription and tells of blocks, also after it was started again', {
  timeout: 30_000,
}, async () => {
  const port = await freePort()
  const first = await publisherAt(port)
  let tip = 0
  const told: number[] = []
  const { bitcoind, chain } = await scripted(
    {
      getbestblockhash: () => ({ result: tip.toString(16).padStart(64, '0') }),
      getzmqnotifications: () => ({ result: [{ type: 'pubhashblock', address: `tcp://0.0.0.0:${port}`, hwm: 1000 }] }),
    },
    { pollMs: HOUR, notifiedPollMs: HOUR },
  )
  const looks = () => bitcoind.calls.filter(({ method }) => method === 'getbestblockhash').length
  chain.onChange(() => told.push(tip))
  expect(await first.subscribed()).toBe('\x01hashblock')
  await eventually(() => expect({ told, looks: looks() }).toStrictEqual({ told: [0], looks: 2 }))

  tip = 1
  // Of what we have not subscribed to we hear nothing: the look after it is the only one.
  await first.tell('rawblock')
  await first.tell('hashblock')
  await eventually(() => expect({ told, looks: looks() }).toStrictEqual({ told: [0, 1], looks: 3 }))

  first.close()
  await eventually(() => expect(looks()).toBe(4))
  const second = await publisherAt(port)
  expect(await second.subscribed()).toBe('\x01hashblock')
  await eventually(() => expect(looks()).toBe(5))
  tip = 2
  await second.tell('hashblock')
  await eventually(() => expect({ told, looks: looks() }).toStrictEqual({ told: [0, 1, 2], looks: 6 }))
})
