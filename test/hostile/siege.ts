import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { msat, sat } from '../../src/base/index.ts'
import { scriptFromAddress } from '../../src/bitcoin/index.ts'
import { tcpNetwork } from '../../src/net/index.ts'
import { type BookendNode, createNode, regtest, sqlite, tcp } from '../../src/node/index.ts'
import type { Network } from '../../src/ports/index.ts'
import { createRegtestChain } from '../../src/regtest/index.ts'
import { randomFrom } from '../processes/random.ts'
import { arsenal } from './hostileMessages.ts'
import { Insider, type Scene } from './insider.ts'
import { HANDSHAKE_TIMEOUT_MS, type Target, visit } from './stranger.ts'

// A program of its own, so that its memory is its own: a node with a store, an honest peer that pays and is paid all the time, and
// attackers. `node --expose-gc siege.ts MESSAGES SEED [PLAYS]` prints a line of JSON for each twentieth, and at last a report.

const [MESSAGES, SEED] = [Number(process.argv[2] ?? 30_000), Number(process.argv[3] ?? 1)]
const SAMPLES = 20
const STRANGERS = 4
const SCENES: readonly Scene[] = ['opening', 'normal', 'with HTLCs', 'closing']
/**
 * Each is one channel that ends on chain, which is remembered for good, with the blocks in which it ends: a megabyte or two each, in
 * the nodes and in the chain of this process. What strangers send has to leave nothing behind: with one play that is all there is to see.
 */
const PLAYS = Number(process.argv[4] ?? 12)
const OPEN_CHANNEL = 32
const HONEST_PAUSE_MS = 5
const BLOCKS_AT_ONCE = 72
const MOST_BURIALS = 30

export interface Sample {
  readonly messages: number
  readonly heapMb: number
  readonly outsideMb: number
  readonly rssMb: number
  readonly peers: number
  readonly channels: number
  readonly honestPayments: number
}

export interface Report {
  readonly samples: readonly Sample[]
  /** Taken by the node under attack, after decryption. */
  readonly messages: number
  readonly visits: Readonly<Record<string, { readonly visits: number; readonly closed: number }>>
  readonly insider: { readonly plays: number; readonly channels: number; readonly messages: number }
  readonly honestPayments: number
  readonly complaints: readonly string[]
  readonly seconds: number
}

const random = randomFrom(SEED)
const complaints: string[] = []
process.on('unhandledRejection', reason => complaints.push(`unhandled rejection: ${String(reason)}`))
const folder = mkdtempSync(join(tmpdir(), 'bookend-siege-'))
const chain = createRegtestChain()
const began = performance.now()

let handled = 0
/** On disk, since what nodes remember for good is not what they leak. */
const storeOf = (name: string) => sqlite({ file: join(folder, `${name}.sqlite`) })
const victim = await createNode({
  chain: regtest(chain),
  store: storeOf('victim'),
  net: { network: counted, listen: { host: '127.0.0.1', port: 0 } },
})
const { listening } = victim
if (listening === undefined) throw new Error('the node listens')
const target: Target = { ...listening, nodeId: victim.nodeId }
const friend = await createNode({ chain: regtest(chain), store: storeOf('friend'), net: tcp() })
const weapons = arsenal(SEED)
const insider = await Insider.create({ chain, store: storeOf('insider'), target, victim, arsenal: weapons, random })
// The attacker's node hears answers to what it has not said, so it is under attack as well.
for (const node of [victim, friend, insider.node]) {
  node.stopped.catch(error => complaints.push(`a node has ended: ${error?.stack} ${error?.cause?.stack}`))
}
for (const node of [friend, insider.node]) await fund(node, 4)

const honest = await openHonest()
let isCalm = false
let isPaying = false
let isOver = false
let honestPayments = 0
const paying = payHonestly()

const opening = await captureOpening()
const visits: Record<string, { visits: number; closed: number }> = {}
const samples: Sample[] = []
let plays = 0
await Promise.all([...Array.from({ length: STRANGERS }, besiege), playScenes(), watch()])
isOver = true
await paying
await checkHonest()
const report: Report = {
  samples,
  messages: handled,
  visits,
  insider: { plays, channels: insider.channels, messages: insider.sent },
  honestPayments,
  complaints,
  seconds: Math.round((performance.now() - began) / 1000),
}
console.log(JSON.stringify({ report }))
for (const node of [insider, friend, victim]) await node.stop()
rmSync(folder, { recursive: true, force: true })

/** Counts what the node takes. */
function counted(nodeSecret: Uint8Array): Network {
  const real = tcpNetwork({ nodeSecret, limits: { handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS } })
  return {
    dial: real.dial,
    listen: (address, accept) =>
      real.listen(address, connection => {
        const listener = accept(connection)
        return {
          onEnd: reason => listener.onEnd(reason),
          onMessages: messages => {
            if (connection.remoteNodeId !== friend.nodeId) handled += messages.length
            return listener.onMessages(messages)
          },
        }
      }),
  }
}

async function besiege(): Promise<void> {
  while (handled < MESSAGES && complaints.length === 0) {
    const { stage, closed, complaint } = await visit(target, weapons, random, opening)
    const before = visits[stage] ?? { visits: 0, closed: 0 }
    visits[stage] = { visits: before.visits + 1, closed: before.closed + (closed ? 1 : 0) }
    if (complaint !== undefined) complaints.push(complaint)
  }
}

/** Spread over the siege, and each scene once at least. */
async function playScenes(): Promise<void> {
  while ((handled < MESSAGES || plays < Math.min(SCENES.length, PLAYS)) && complaints.length === 0) {
    if (handled < (plays * MESSAGES) / PLAYS) {
      await pause(20)
      continue
    }
    const scene = SCENES[plays % SCENES.length] ?? 'normal'
    plays += 1
    await insider.play(scene, mineCalmly).catch(error => complaints.push(`${scene}: ${error?.stack ?? error}`))
    await bury()
  }
}

/** No HTLC of the honest channel waits while the chain grows by more than it can wait for. */
async function mineCalmly(blocks: number): Promise<void> {
  isCalm = true
  await until(
    'the honest channel rests',
    async () =>
      !isPaying &&
      (await Promise.all([friend, victim].map(async node => (await honestChannel(node)).htlcs === 0))).every(Boolean),
  )
  chain.mine(blocks)
  const height = chain.tip.height
  for (const node of [victim, friend, insider.node]) {
    await until('all have seen the blocks', async () => (await node.info()).blockHeight === height)
  }
  isCalm = false
}

/** What is left of the attacker's channel ends on chain. */
async function bury(): Promise<void> {
  const left = async () => (await victim.channels()).filter(({ peer }) => peer === insider.node.nodeId)
  for (const { channelId } of await left()) {
    await victim.closeChannel({ channelId, force: true }).catch(() => undefined)
  }
  for (let i = 0; i < MOST_BURIALS && (await left()).length > 0; i++) {
    await mineCalmly(BLOCKS_AT_ONCE)
    const before = honestPayments
    await until('the honest channel is paid over', async () => honestPayments > before || complaints.length > 0)
  }
}

async function watch(): Promise<void> {
  for (let next = 1; next <= SAMPLES; next++) {
    while (handled < (next * MESSAGES) / SAMPLES && complaints.length === 0) await pause(10)
    for (let i = 0; i < 3; i++) {
      globalThis.gc?.()
      await pause(1)
    }
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage()
    const mb = (bytes: number): number => Math.round(bytes / 1e5) / 10
    const sample: Sample = {
      messages: handled,
      heapMb: mb(heapUsed),
      outsideMb: mb(external + arrayBuffers),
      rssMb: mb(rss),
      peers: (await victim.peers()).length,
      channels: (await victim.channels({ closed: true })).length,
      honestPayments,
    }
    samples.push(sample)
    console.log(JSON.stringify({ sample }))
  }
}

async function fund(node: BookendNode, coins: number): Promise<void> {
  const { address } = await node.newAddress()
  const script = scriptFromAddress(address, 'regtest')
  if (!script.ok) throw new Error(script.error.message)
  for (let i = 0; i < coins; i++) chain.fund(script.value, sat(10_000_000n))
  chain.mine(1)
  await until('the coins are there', async () => (await node.balance()).onchainConfirmedSat >= 40_000_000n)
}

async function openHonest(): Promise<string> {
  const { channelId } = await friend.openChannel({
    peer: { nodeId: target.nodeId, address: target },
    capacitySat: sat(10_000_000n),
    pushMsat: msat(5_000_000_000n),
  })
  chain.mine(3)
  for (const node of [friend, victim]) {
    await until('the honest channel is usable', async () => (await node.channels()).some(({ usable }) => usable))
  }
  return channelId
}

async function honestChannel(node: BookendNode) {
  const found = (await node.channels()).find(({ channelId }) => channelId === honest)
  if (found === undefined) throw new Error('the honest channel is gone')
  return found
}

/** One after the other in both directions; nothing may fail. */
async function payHonestly(): Promise<void> {
  while (!isOver) {
    await pause(HONEST_PAUSE_MS)
    if (isCalm) continue
    isPaying = true
    const [payer, payee] = honestPayments % 2 === 0 ? [friend, victim] : [victim, friend]
    try {
      await payer.pay({ nodeId: payee.nodeId, amountMsat: msat(1_000n) })
      honestPayments += 1
    } catch (error) {
      complaints.push(`an honest payment failed: ${String(error)}`)
      return
    } finally {
      isPaying = false
    }
  }
}

async function checkHonest(): Promise<void> {
  await until('the honest channel rests', async () =>
    (await Promise.all([friend, victim].map(async node => (await honestChannel(node)).htlcs === 0))).every(Boolean),
  )
  const [near, far] = [await honestChannel(friend), await honestChannel(victim)]
  const local = 5_000_000_000n - (honestPayments % 2 === 0 ? 0n : 1_000n)
  const agreed =
    near.localMsat === local && far.remoteMsat === local && near.state === 'normal' && far.state === 'normal'
  if (!agreed) complaints.push(`the honest channel: ${near.state} ${near.localMsat}, ${far.state} ${far.remoteMsat}`)
}

/** An `open_channel` as a good node sends it. */
async function captureOpening(): Promise<Uint8Array> {
  await insider.play('normal', mineCalmly)
  await bury()
  const found = insider.said(OPEN_CHANNEL)
  if (found === undefined) throw new Error('the attacker has opened a channel')
  return found
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 12_000; i++) {
    if (await holds()) return
    await pause(10)
  }
  throw new Error(`waited in vain until ${what}`)
}
