import { setTimeout as pause } from 'node:timers/promises'
import type { ChannelJson, EventJson, OpenedJson, PaymentJson } from '../../src/api/index.ts'
import { run, type Served, serve } from '../cli/regtestProcess.ts'
import { Daemon } from './daemon.ts'
import { type Party, untilAnswered } from './payments.ts'
import type { Random } from './random.ts'

// Two daemons on one chain, each a process: Alice has coins, Bob has none.

/** What the verdict looks at: two nodes and the chain between them. */
export interface Pair {
  readonly alice: Party
  readonly bob: Party
  readonly chain: { readonly rpc: Pick<Served['rpc'], 'call'> }
}

export interface Town extends Pair {
  readonly alice: Daemon
  readonly bob: Daemon
  readonly chain: Served
  /** By `bookend regtest mine`. */
  readonly mine: (count: number) => Promise<void>
}

const STEP_MS = 100
const PATIENCE_STEPS = 3_000
const PAGE = 1_000
const MATURITY = 100
/** Blocks until a channel may be used. */
const DEPTH = 3

/** `alicesOptions`: what stands behind the others on her command line, once the chain is there. */
export async function buildTown(
  random: Random,
  alicesOptions: (chain: string) => Promise<readonly string[]> = async () => [],
): Promise<Town> {
  const chain = await serve()
  const url = `http://bookend:bookend@127.0.0.1:${chain.port}`
  const [alice, bob] = [
    await Daemon.create({ name: 'alice', chain: url, random, more: await alicesOptions(url) }),
    await Daemon.create({ name: 'bob', chain: url, random }),
  ]
  const mine = async (count: number): Promise<void> => {
    const { code, errors } = await run('regtest', 'mine', `${count}`, '--rpc-port', chain.port)
    if (code !== 0) throw new Error(`bookend regtest mine: ${errors}`)
  }
  return { alice, bob, chain, mine }
}

/** The rewards of blocks, as soon as they may be spent. */
export async function fund(town: Town, daemon: Daemon, blocks: number): Promise<void> {
  const { chain, mine } = town
  const { address } = await daemon.client.newAddress()
  await chain.rpc.call('generatetoaddress', blocks, address)
  await mine(MATURITY)
  await until(`${daemon.name} sees its coins`, () => sawAllBlocks(town, daemon))
  const { onchainConfirmedSat } = await daemon.client.balance()
  if (onchainConfirmedSat === '0') throw new Error(`${daemon.name} does not see the coins that were mined for it`)
}

export async function sawAllBlocks({ chain }: Pick<Pair, 'chain'>, daemon: Party): Promise<boolean> {
  return (await daemon.client.info()).blockHeight === Number(await chain.rpc.call('getblockcount'))
}

/** Each knows where the other is, so that whoever starts again dials. */
export async function introduce({ alice, bob }: Town): Promise<void> {
  await alice.client.connect({ nodeId: bob.nodeId, address: bob.listen })
  await bob.client.connect({ nodeId: alice.nodeId, address: alice.listen })
}

interface Terms {
  readonly capacitySat: bigint
  /** What Bob has of it from the start. */
  readonly pushMsat: bigint
}

/** Alice opens a channel to Bob. Resolves when both may use it. */
export async function openChannel({ alice, bob, mine }: Town, { capacitySat, pushMsat }: Terms): Promise<OpenedJson> {
  const opened = await alice.client.openChannel({
    peer: { nodeId: bob.nodeId },
    capacitySat: `${capacitySat}`,
    pushMsat: `${pushMsat}`,
    idempotencyKey: 'the-channel',
  })
  await mine(DEPTH)
  for (const daemon of [alice, bob]) await until('the channel is usable', () => isUsable(daemon, opened.channelId))
  return opened
}

/** Waits for what comes true by itself. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let step = 0; step < PATIENCE_STEPS; step++) {
    if ((await untilAnswered(holds)).answer) return
    await pause(STEP_MS)
  }
  throw new Error(`waited in vain until ${what}`)
}

export async function channelOf(daemon: Party, channelId: string): Promise<ChannelJson | undefined> {
  const { answer } = await untilAnswered(() => daemon.client.channels({ closed: true }))
  return answer.find(channel => channel.channelId === channelId)
}

export async function isUsable(daemon: Party, channelId: string): Promise<boolean> {
  return (await channelOf(daemon, channelId))?.usable === true
}

/** All payments, newest first, page by page. */
export async function allPayments(daemon: Party): Promise<readonly PaymentJson[]> {
  const payments: PaymentJson[] = []
  for (;;) {
    const before = payments.at(-1)?.number
    const page = await daemon.client.payments({ limit: PAGE, ...(before === undefined ? {} : { before }) })
    payments.push(...page)
    if (page.length < PAGE) return payments
  }
}

/** All events that the log holds now. */
export async function allEvents(daemon: Party): Promise<readonly EventJson[]> {
  const { lastEvent } = await daemon.client.info()
  const events: EventJson[] = []
  const stop = new AbortController()
  for await (const event of daemon.client.events({ after: 0, signal: stop.signal })) {
    events.push(event)
    if (event.id >= lastEvent) stop.abort()
  }
  return events
}
