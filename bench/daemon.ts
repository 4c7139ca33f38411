// A node as a process of its own, with a durable store, for benchmarks: daemons.ts starts it and tells it what to do.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient, serveApi } from '../src/api/index.ts'
import { msat, type NodeId, sat } from '../src/base/index.ts'
import { bitcoindChain } from '../src/chain/index.ts'
import { type BookendNode, createNode, type NodeOptions, sqlite, tcp } from '../src/node/index.ts'
import type { Store } from '../src/ports/index.ts'

export interface Started {
  readonly nodeId: NodeId
  readonly host: string
  readonly port: number
}

/** Processor time so far, in microseconds: of the whole process, and of its main thread. */
export interface CpuTime {
  readonly process: number
  readonly thread: number
}

const [chainUrl = '', towerUri = ''] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'bookend-bench-'))
/** Called when something has become durable. */
let onCommit: () => void = () => undefined
let commits = 0
const node = await createNode({
  chain: bitcoindChain({ url: chainUrl, network: 'regtest' }),
  store: sqlite({ file: join(folder, 'store.sqlite') }).then(observed),
  net: tcp({ port: 0 }),
  watchtowers: towersOf(towerUri),
  limits: { channel: { maxAcceptedHtlcs: 483, maxDustHtlcExposureMsat: msat(1_000_000_000n) } },
})

/** `NODEID@PORT`, or nothing. */
function towersOf(uri: string): NonNullable<NodeOptions['watchtowers']> {
  const [nodeId, port] = uri.split('@')
  if (nodeId === undefined || port === undefined) return []
  return [{ nodeId: nodeId as NodeId, address: { host: '127.0.0.1', port: Number(port) } }]
}

/** What a parent may ask, by name. */
const methods = {
  async started(): Promise<Started> {
    const { nodeId, listening } = node
    if (listening === undefined) throw new Error('the node does not listen')
    return { nodeId, ...listening }
  },
  address: async () => (await node.newAddress()).address,
  confirmedSat: async () => Number((await node.balance()).onchainConfirmedSat),
  async open({ peer, capacitySat }: { readonly peer: Started; readonly capacitySat: number }): Promise<void> {
    const { nodeId, ...address } = peer
    await node.openChannel({ peer: { nodeId, address }, capacitySat: sat(capacitySat) })
  },
  /** How many channels can be used now. */
  usable: async () => (await node.channels()).filter(({ usable }) => usable).length,
  invoices: manyInvoices,
  payInvoices,
  /** What the tower does not have yet. */
  waiting: async () => (await node.info()).watchtowers.reduce((sum, { waiting }) => sum + waiting, 0),
  height: async () => (await node.info()).blockHeight,
  alone: payAlone,
  rolling: payRolling,
  rounds: payRounds,
  overHttp: payOverHttp,
  async cpu(): Promise<CpuTime & { readonly commits: number }> {
    const whole = process.cpuUsage()
    const thread = process.threadCpuUsage()
    return { process: whole.user + whole.system, thread: thread.user + thread.system, commits }
  },
}
export type DaemonMethods = typeof methods

process.on('message', ({ id, method, content }: { id: number; method: keyof DaemonMethods; content: never }) => {
  methods[method](content).then(
    result => process.send?.({ id, result }),
    error => process.send?.({ id, error: String(error instanceof Error ? error.stack : error) }),
  )
})
process.send?.({ id: 0, result: undefined })
await once(process, 'disconnect')
await node.stop()
rmSync(folder, { recursive: true })

export interface ManyInvoices {
  readonly invoices: readonly string[]
  readonly atOnce: number
  readonly pauseMs: number
}

export interface ManyPaid {
  readonly elapsedMs: number
  readonly eachMs: readonly number[]
}

interface Paying {
  readonly to: NodeId
  readonly count: number
  readonly amountSat: number
}

/**
 * One after the other, each when the one before it is settled on both sides, and `pauseMs` later. Milliseconds until the preimage,
 * and until all is settled.
 */
async function payAlone({
  to,
  count,
  amountSat,
  pauseMs = 0,
}: Paying & { readonly pauseMs?: number }): Promise<{ preimageMs: number[]; cycleMs: number[] }> {
  const preimageMs: number[] = []
  const cycleMs: number[] = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    await pay(node, to, amountSat)
    preimageMs.push(performance.now() - start)
    await settled()
    cycleMs.push(performance.now() - start)
    if (pauseMs > 0) await pause(pauseMs)
  }
  return { preimageMs, cycleMs }
}

/** So many at any time: where one ends the next one begins. Milliseconds in all. */
async function payRolling({ to, count, amountSat, inFlight }: Paying & { readonly inFlight: number }): Promise<number> {
  let left = count
  const payOn = async () => {
    for (; left > 0; ) {
      left -= 1
      await pay(node, to, amountSat)
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: inFlight }, payOn))
  return performance.now() - start
}

/** As many at once as a channel holds, and again when all are settled. Milliseconds of each round. */
async function payRounds({
  to,
  count,
  amountSat,
  inFlight,
}: Paying & { readonly inFlight: number }): Promise<number[]> {
  const times: number[] = []
  for (let done = 0; done < count; done += inFlight) {
    const start = performance.now()
    await Promise.all(Array.from({ length: inFlight }, () => pay(node, to, amountSat)))
    await settled()
    times.push(performance.now() - start)
  }
  return times
}

async function manyInvoices({ count, amountSat }: Omit<Paying, 'to'>): Promise<readonly string[]> {
  const amountMsat = msat(BigInt(amountSat) * 1000n)
  const made = Array.from({ length: count }, () => node.createInvoice({ amountMsat, description: 'bench' }))
  return (await Promise.all(made)).map(({ invoice }) => invoice)
}

/** So many at any time, each lane with a pause after each. Milliseconds in all, and of each until its preimage. */
async function payInvoices({ invoices, atOnce, pauseMs }: ManyInvoices): Promise<ManyPaid> {
  const left = invoices.toReversed()
  const eachMs: number[] = []
  const lane = async () => {
    for (let invoice = left.pop(); invoice !== undefined; invoice = left.pop()) {
      const start = performance.now()
      await node.pay({ invoice })
      eachMs.push(performance.now() - start)
      if (pauseMs > 0) await pause(pauseMs)
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: atOnce }, lane))
  return { elapsedMs: performance.now() - start, eachMs }
}

/** Through the API of this process, as a program elsewhere would. Milliseconds until the answer. */
async function payOverHttp({ to, count, amountSat }: Paying): Promise<number[]> {
  const token = 'bench'.repeat(8)
  const api = await serveApi({
    node,
    listen: { host: '127.0.0.1', port: 0 },
    adminSecret: token,
    onStop: () => undefined,
    version: '0',
  })
  const client = createClient({ url: api.url, token })
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    await client.pay({ nodeId: to, amountMsat: String(amountSat * 1000) })
    times.push(performance.now() - start)
    await settled()
  }
  await api.close()
  return times
}

async function pay(from: BookendNode, to: NodeId, amountSat: number): Promise<void> {
  await from.pay({ nodeId: to, amountMsat: msat(BigInt(amountSat) * 1000n) })
}

/** No HTLC is left: the payer is the last to know, by the revocation that ends the cycle. */
async function settled(): Promise<void> {
  for (;;) {
    const [channel] = await node.channels()
    if (channel?.htlcs === 0) return
    await new Promise<void>(resolve => {
      // The driver has the state of a commit when its promise has resolved.
      onCommit = () => setImmediate(resolve)
    })
  }
}

/** The store, and whoever waits for its commits. */
function observed(store: Store): Store {
  return {
    load: prefix => store.load(prefix),
    loadPage: (prefix, page) => store.loadPage(prefix, page),
    async commit(writes) {
      await store.commit(writes)
      commits += 1
      onCommit()
    },
    close: () => store.close(),
  }
}
