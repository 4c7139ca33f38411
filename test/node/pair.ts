import {
  type BlockHash,
  type ChannelId,
  concat,
  encode,
  feeratePerKw,
  type Msat,
  msat,
  type OutPoint,
  outPointKey,
  type PaymentHash,
  paymentHash,
  type Sat,
  sat,
  type Txid,
  u64Number,
  utf8Encode,
} from '../../src/base/index.ts'
import { p2wpkhScript, type Tx, txid } from '../../src/bitcoin/index.ts'
import {
  type ChannelFailure,
  DEFAULT_LIMITS,
  type FundedChannel,
  type NegotiatedFeatures,
} from '../../src/channel/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import {
  type LinkContext,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  linkMachine,
  loadLink,
  NEW_LINK,
} from '../../src/link/index.ts'
import { Driver } from '../../src/node/index.ts'
import type { Store } from '../../src/ports/index.ts'
import { type MemoryStore, memoryStore } from '../../src/storage/index.ts'
import { encodeMessage } from '../../src/wire/index.ts'
import { told } from '../link/told.ts'

// Two drivers with stores of their own, a wire between them, and a chain that takes whatever does not spend twice. A driver
// can be made to crash in any of its turns, and is started again from what its store holds.

export type Name = 'alice' | 'bob'
export const NAMES: readonly Name[] = ['alice', 'bob']

/** Where in a turn it ends: with the writes lost, or with the writes stored and no effect carried out. */
export type CrashPoint = 'before commit' | 'after commit'

export interface CrashPlan {
  readonly who: Name
  /** The turn, counted from 0 over the whole life. */
  readonly turn: number
  readonly point: CrashPoint
}

export const CAPACITY_SAT = sat(1_000_000)
/** Far more than any life takes. */
const MAX_ROUNDS = 10_000
const FEERATE = feeratePerKw(2_500)
const CHAIN_HASH = '0f'.repeat(32) as BlockHash
const SECRET: Readonly<Record<Name, Uint8Array>> = {
  alice: new Uint8Array(32).fill(0x11),
  bob: new Uint8Array(32).fill(0x22),
}

const FEATURES: NegotiatedFeatures = {
  upfrontShutdownScript: false,
  shutdownAnySegwit: true,
  simpleClose: true,
  largeChannels: false,
  scidAlias: false,
  zeroConf: false,
  attributionData: false,
}

export class Crash extends Error {}

/** Blocks and a mempool: the first spender of an output wins. */
export class PlainChain {
  readonly blocks: (readonly Tx[])[] = []
  readonly #pool = new Map<Txid, Tx>()
  readonly #confirmed = new Map<Txid, { readonly tx: Tx; readonly height: number; readonly index: number }>()
  readonly #spenders = new Map<string, { readonly tx: Tx; readonly height: number }>()
  readonly published: Tx[] = []

  get height(): number {
    return this.blocks.length
  }

  publish(tx: Tx): void {
    this.published.push(tx)
    const taken = new Set([...this.#pool.values()].flatMap(other => other.inputs.map(i => outPointKey(i.outpoint))))
    const isDouble = tx.inputs.some(({ outpoint }) => {
      const key = outPointKey(outpoint)
      return taken.has(key) || this.#spenders.has(key)
    })
    if (!isDouble) this.#pool.set(txid(tx), tx)
  }

  /** The block at the new height, with everything that waited. */
  mine(): readonly Tx[] {
    const transactions = [COINBASE, ...this.#pool.values()]
    this.#pool.clear()
    this.blocks.push(transactions)
    for (const [index, tx] of transactions.entries()) {
      this.#confirmed.set(txid(tx), { tx, height: this.height, index })
      for (const { outpoint } of tx.inputs) this.#spenders.set(outPointKey(outpoint), { tx, height: this.height })
    }
    return transactions
  }

  spender(outpoint: OutPoint): { readonly tx: Tx; readonly height: number } | undefined {
    return this.#spenders.get(outPointKey(outpoint))
  }

  confirmed(id: Txid): { readonly tx: Tx; readonly height: number; readonly index: number } | undefined {
    return this.#confirmed.get(id)
  }
}

const COINBASE: Tx = {
  version: 2,
  inputs: [
    {
      outpoint: { txid: '00'.repeat(32) as Txid, vout: 0xffffffff },
      scriptSig: Uint8Array.of(1, 2, 3),
      sequence: 0xffffffff,
      witness: [],
    },
  ],
  outputs: [{ amountSat: sat(5_000_000_000), script: Uint8Array.of(0x51) }],
  locktime: 0,
}

export type LinkDriver = Driver<LinkState, LinkInput, LinkContext, LinkEffect, ChannelFailure>

export class Side {
  readonly name: Name
  readonly #pair: Pair
  /** Survives what happens to the driver. */
  store: MemoryStore
  driver: LinkDriver
  turns = 0
  /** Commits that the store was asked for, each with how many writes it had. */
  readonly commits: number[] = []
  readonly events: Extract<LinkEffect, { type: 'event' }>['event'][] = []
  crashed = false
  #crashing: CrashPoint | undefined

  constructor(name: Name, pair: Pair) {
    this.name = name
    this.#pair = pair
    this.store = memoryStore()
    this.driver = this.#driver(NEW_LINK)
  }

  #driver(state: LinkState): LinkDriver {
    return new Driver({
      machine: linkMachine,
      state,
      store: this.#failing(),
      context: () => this.#nextTurn(),
      perform: effect => this.#perform(effect),
    })
  }

  #nextTurn(): LinkContext {
    const { crash } = this.#pair
    if (crash?.who === this.name && crash.turn === this.turns) this.#crashing = crash.point
    this.turns += 1
    return contextOf(this.name, this.#pair.chain.height)
  }

  #failing(): Store {
    const { store } = this
    return {
      ...store,
      commit: async writes => {
        if (this.#crashing === 'before commit') throw new Crash('before commit')
        await store.commit(writes)
        this.commits.push(writes.length)
      },
    }
  }

  async #perform(effect: LinkEffect): Promise<void> {
    if (this.#crashing !== undefined) throw new Crash(this.#crashing)
    switch (effect.type) {
      case 'send':
        return this.#pair.carry(this.name, encodeMessage(effect.message))
      case 'publish':
        return this.#pair.chain.publish(effect.tx)
      case 'fund_channel':
        return this.tell({ type: 'command', command: { type: 'funding_transaction', tx: fundingTx(effect.output) } })
      case 'look_up_spend': {
        const found = this.#pair.chain.spender(effect.outpoint)
        if (found !== undefined) this.tell({ type: 'spend_found', outpoint: effect.outpoint, ...found })
        return
      }
      case 'look_up_funding': {
        const found = this.#pair.chain.confirmed(effect.txid)
        if (found !== undefined) this.tell({ type: 'funding_found', tx: found.tx, height: found.height })
        return
      }
      case 'event':
        this.events.push(effect.event)
        return
      case 'close_connection':
        throw new Error(`${this.name} closes the connection`)
      case 'load_archive':
        throw new Error('nobody cheats here')
    }
  }

  /** An input of which nobody waits for the result. */
  tell(input: LinkInput): void {
    this.driver.submit(input).catch(reason => this.#fell(reason))
  }

  /** Resolves when nothing is left to do, or the driver has stopped. */
  async idle(): Promise<void> {
    await this.driver.idle().catch(reason => this.#fell(reason))
  }

  #fell(reason: unknown): void {
    if (!(reason instanceof Crash)) this.#pair.failures.push(reason)
    this.crashed = true
  }

  /** A new process with the same disk. */
  restart(): void {
    this.crashed = false
    this.#crashing = undefined
    this.store = memoryStore(this.store.snapshot())
    const loaded = loadLink(this.store.snapshot())
    if (!loaded.ok) throw new Error(loaded.error.message)
    this.driver = this.#driver(loaded.value)
    this.tell({ type: 'started' })
  }

  get channel(): FundedChannel | undefined {
    const { channel } = this.driver.state
    return channel !== undefined && 'durable' in channel ? channel : undefined
  }

  /** Whether an HTLC with this hash is in the store, live or finished. */
  remembers(hash: PaymentHash): boolean {
    return [...this.store.snapshot()].some(
      ([key, value]) => /offer\/|archive\//.test(key) && hexOf(value).includes(hash),
    )
  }
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export class Pair {
  readonly chain = new PlainChain()
  readonly alice: Side
  readonly bob: Side
  readonly failures: unknown[] = []
  crash: CrashPlan | undefined
  #wire: 'up' | 'cut' = 'cut'
  #rounds = 0

  constructor(crash?: CrashPlan) {
    this.crash = crash
    this.alice = new Side('alice', this)
    this.bob = new Side('bob', this)
    for (let height = 0; height < 100; height++) this.chain.mine()
  }

  carry(from: Name, bytes: Uint8Array): void {
    if (this.#wire === 'up') this[from === 'alice' ? 'bob' : 'alice'].tell(told(bytes))
  }

  /** The connection ends, and both are told. */
  cut(): void {
    this.#wire = 'cut'
    for (const name of NAMES) this[name].tell({ type: 'disconnected' })
  }

  async connect(): Promise<void> {
    this.#wire = 'up'
    for (const name of NAMES) this[name].tell({ type: 'connected' })
    await this.settle()
  }

  async mine(): Promise<void> {
    const transactions = this.chain.mine()
    const { height } = this.chain
    for (const name of NAMES) this[name].tell({ type: 'block_connected', height, transactions })
    await this.settle()
  }

  /** Until nobody has anything left to do; who has crashed is started again and the connection made anew. */
  async settle(): Promise<void> {
    for (;;) {
      do {
        this.#rounds += 1
        if (this.#rounds > MAX_ROUNDS) throw new Error('the two of them never come to rest')
        for (const name of NAMES) await this[name].idle()
        await new Promise(resolve => setImmediate(resolve))
      } while (this.alice.driver.busy || this.bob.driver.busy)
      if (this.failures.length > 0) throw this.failures[0]
      const down = NAMES.filter(name => this[name].crashed)
      if (down.length === 0) return
      this.crash = undefined
      this.#wire = 'cut'
      for (const name of NAMES) {
        if (down.includes(name)) this[name].restart()
        else this[name].tell({ type: 'disconnected' })
      }
      await this.settle()
      await this.connect()
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------

export function contextOf(name: Name, height: number): LinkContext {
  return {
    chainHash: CHAIN_HASH,
    height,
    seed: SECRET[name],
    negotiated: FEATURES,
    channelKeyIndex: 0,
    channelIdsInUse: [],
    limits: { ...DEFAULT_LIMITS, minimumDepth: 1 },
    feerates: { commitment: FEERATE, mutualClose: FEERATE, claim: FEERATE },
    walletScript: walletScript(name),
    feeCoins: [],
  }
}

export function walletScript(name: Name): Uint8Array {
  return p2wpkhScript(publicKeyFromSecret(sha256(SECRET[name])))
}

export function openRequest(): Extract<LinkInput, { type: 'open' }>['request'] {
  return {
    temporaryChannelId: '7e'.repeat(32) as ChannelId,
    fundingAmountSat: CAPACITY_SAT,
    pushMsat: msat(300_000_000n),
    announce: false,
  }
}

/** Nobody asks where the money is from. */
function fundingTx(output: { readonly amountSat: Sat; readonly script: Uint8Array }): Tx {
  return {
    version: 2,
    inputs: [
      {
        outpoint: { txid: 'aa'.repeat(32) as Txid, vout: 0 },
        scriptSig: new Uint8Array(0),
        sequence: 0xfffffffd,
        witness: [Uint8Array.of(1)],
      },
    ],
    outputs: [output],
    locktime: 0,
  }
}

export interface Payment {
  readonly payer: Name
  readonly amountMsat: Msat
  readonly index: number
}

export function preimageOf({ index }: Pick<Payment, 'index'>): Uint8Array {
  return sha256(concat(utf8Encode('preimage'), encode(u64Number, index)))
}

export function hashOf(payment: Pick<Payment, 'index'>): PaymentHash {
  return paymentHash(sha256(preimageOf(payment)))
}

export function addCommand(payment: Payment, height: number): Extract<LinkInput, { type: 'command' }> {
  return {
    type: 'command',
    command: {
      type: 'add_htlc',
      amountMsat: payment.amountMsat,
      paymentHash: hashOf(payment),
      cltvExpiry: height + 100,
      onionRoutingPacket: new Uint8Array(1366),
    },
  }
}
