import { expect, test } from 'vitest'
import { msat, sat } from '../../src/base/index.ts'
import { scriptFromAddress } from '../../src/bitcoin/index.ts'
import { type BookendNode, createNode, PipeHub, pipe, regtest } from '../../src/node/index.ts'
import { createRegtestChain, type RegtestChain } from '../../src/regtest/index.ts'
import { value } from '../regtest/support.ts'
import { cutOff, type ElectrumTwist } from './electrumServer.ts'
import { cut, type Twist } from './esploraServer.ts'
import { ELECTRUM, ESPLORA, type ServerKind } from './servers.ts'
import { afterwards } from './stubbed.ts'

// A whole node that sees the chain through two servers, of which one lies about what is in blocks, and then through none.

/** Says of each block that it has no transaction but the coinbase. */
const coinbaseAlone: ElectrumTwist = (method, _, truth) =>
  method === 'blockchain.transaction.id_from_pos' && 'result' in truth
    ? { result: { ...Object(truth.result), merkle: [] } }
    : truth

/** Shows blocks without their transactions. */
const headOfBlock: Twist = (path, truth) =>
  path.endsWith('/raw') && path.startsWith('/block/') ? { body: truth.body.slice(0, 300) } : undefined

const KINDS = [twoOf(ELECTRUM, coinbaseAlone, () => cutOff), twoOf(ESPLORA, headOfBlock, () => cut)]

/** Two servers of a kind, by what the first one says in place of the truth, and what both say that answer nothing. */
function twoOf<Said, Server extends { readonly port: number; twist: Said | undefined }>(
  { name, serve, open }: ServerKind<Server>,
  lie: Said,
  silence: Said,
) {
  const start = async (world: RegtestChain) => {
    const [liar, other] = [await serve(world), await serve(world)] as const
    const answer = () => {
      liar.twist = lie
      other.twist = undefined
    }
    const fallSilent = () => {
      for (const server of [liar, other]) server.twist = silence
    }
    const connect = (log: (line: { readonly message: string }) => void) =>
      open([liar, other], { network: 'regtest', pollMs: 20, limits: { attempts: 1, timeoutMs: 2000 }, log })
    answer()
    return { liar, answer, fallSilent, connect }
  }
  return { name, start }
}

const settled = (holds: () => Promise<boolean>) => expect.poll(holds, { timeout: 20_000 }).toBe(true)

test.each(KINDS)(
  'a channel over $name servers of which one lies outlives that none answers, pays and is closed',
  async ({ name, start }) => {
    const world = createRegtestChain()
    world.mine(110)
    const servers = await start(world)
    const said: string[] = []
    const log = ({ message }: { readonly message: string }) => said.push(message)
    const hub = new PipeHub()
    const net = (host: string) => pipe({ hub, listen: { host, port: 9735 } })
    const alice = await createNode({ chain: servers.connect(log), net: net('alice'), log })
    afterwards(() => alice.stop())
    const bob = await createNode({ chain: regtest(world), net: net('bob') })
    afterwards(() => bob.stop())
    const { address } = await alice.newAddress()
    value(world.fund(value(scriptFromAddress(address, 'regtest')), sat(2_000_000n)))
    await settled(async () => (await alice.balance()).onchainConfirmedSat === 2_000_000n)
    expect(said.join('\n')).toContain(`The ${name} server 127.0.0.1:${servers.liar.port} answered with`)

    const peer = { nodeId: bob.nodeId, address: { host: 'bob', port: 9735 } }
    const { channelId } = await alice.openChannel({ peer, capacitySat: sat(1_000_000n) })
    await settled(async () => world.mempool().length > 0)
    world.mine(3)
    const usable = async (node: BookendNode) => (await node.channels())[0]?.usable === true
    await settled(async () => (await usable(alice)) && (await usable(bob)))

    servers.fallSilent()
    world.mine(1)
    await settled(async () => said.some(line => line.includes(`No ${name} server answers`)))
    expect((await alice.info()).synced).toBe(false)
    expect(await alice.channels()).toHaveLength(1)
    servers.answer()
    await settled(async () => (await alice.info()).blockHeight === world.height && (await alice.info()).synced)

    const { invoice } = await bob.createInvoice({ amountMsat: msat(20_000_000n), description: 'coffee' })
    expect((await alice.pay({ invoice })).status).toBe('succeeded')
    await alice.closeChannel({ channelId })
    await settled(async () => world.mempool().length > 0)
    world.mine(6)
    await settled(async () => (await alice.balance()).onchainConfirmedSat > sat(1_900_000n))
  },
  60_000,
)
