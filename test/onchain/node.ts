import { expect } from 'vitest'
import { bytesEqual, feeratePerKw, type OutPoint, outPointKey, sat, type Txid } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import {
  type ChannelView,
  emptyOnchainState,
  type FeeCoin,
  loadOnchainState,
  type OnchainContext,
  type OnchainEvent,
  type OnchainInput,
  type OnchainState,
  type OnchainStep,
  type PublishRole,
  step,
} from '../../src/onchain/index.ts'
import { type BlockEvent, offer, type RegtestChain } from '../../src/regtest/index.ts'
import { archiveOf, coinScript, coinSecret, destination, type Model, type Name, secrets } from './fixture.ts'

/** What a node did, in order. */
export interface Published {
  readonly tx: Tx
  readonly role: PublishRole
  readonly height: number
  /** `accepted`, `known`, or why not. */
  readonly outcome: string
}

/** One side's enforcement, driven by a real chain. Stored state is read back and compared after each step. */
export class EnforcerNode {
  readonly name: Name
  readonly model: Model
  readonly #chain: RegtestChain
  state: OnchainState = emptyOnchainState
  view: ChannelView
  height: number
  feerate = 1000
  readonly events: OnchainEvent[] = []
  readonly published: Published[] = []
  readonly records = new Map<string, Uint8Array>()
  readonly coins: FeeCoin[] = []
  readonly withdrawn: Txid[] = []
  /** Whether the archive answers. */
  archive = true
  /** Whether transactions reach the chain. */
  online = true
  readonly #watched = new Map<string, OutPoint>()
  readonly #pending: BlockEvent[] = []

  constructor(model: Model, name: Name, view: ChannelView) {
    this.name = name
    this.model = model
    this.#chain = model.chain
    this.view = view
    this.height = model.chain.height
    model.chain.onBlock(event => this.#pending.push(event))
  }

  /** Gives the wallet `count` confirmed coins. */
  fundCoins(count: number, amountSat = 20_000): this {
    for (let i = 0; i < count; i++) {
      const funding = this.#chain.fund(coinScript(this.name), sat(amountSat))
      if (!funding.ok) throw new Error(funding.error.reason)
      const secret = coinSecret(this.name)
      const { outpoint, output } = funding.value
      this.coins.push({ outpoint, amountSat: output.amountSat, secret, publicKey: publicKeyFromSecret(secret) })
    }
    return this
  }

  context(): OnchainContext {
    return {
      view: this.view,
      secrets: secrets[this.name],
      height: this.height,
      feeratePerKw: feeratePerKw(this.feerate),
      destinationScript: destination(this.name),
      feeCoins: this.coins.filter(({ outpoint }) => this.#chain.utxo(outpoint) !== undefined),
      changeScript: coinScript(this.name),
    }
  }

  /** The first input, at the height that the chain has now. */
  start(): this {
    this.#pending.length = 0
    this.height = this.#chain.height
    this.give({ type: 'started' })
    return this
  }

  /** Comes back from the store, as after a crash, and takes in what it has missed. */
  restart(): this {
    this.state = this.#loaded()
    this.#watched.clear()
    this.give({ type: 'started' })
    this.catchUp()
    return this
  }

  update(view: ChannelView): this {
    this.view = view
    this.give({ type: 'view_updated' })
    return this
  }

  give(input: OnchainInput): OnchainStep {
    const result = step(this.state, input, this.context())
    for (const write of result.writes) {
      if (write.type === 'put') this.records.set(write.key, write.value)
      else this.records.delete(write.key)
    }
    this.state = result.next
    expect(this.#loaded()).toEqual(result.next)
    for (const effect of result.effects) {
      if (effect.type === 'event') this.events.push(effect.event)
      else if (effect.type === 'publish') this.#publish(effect.tx, effect.role, effect.parent)
      else if (effect.type === 'withdraw') this.withdrawn.push(effect.txid)
      else if (effect.type === 'watch') this.#watch(effect.outpoint)
      else if (this.archive) {
        const { commitmentNumber } = effect
        const htlcs = archiveOf(this.model, this.name, commitmentNumber)
        this.give({ type: 'revoked_htlcs', commitmentNumber, htlcs })
      }
    }
    return result
  }

  /** Takes in the blocks that have come since. */
  catchUp(): void {
    for (let event = this.#pending.shift(); event !== undefined; event = this.#pending.shift()) {
      const { type, block } = event
      if (type === 'block_disconnected') {
        this.height = block.height - 1
        this.give({ type: 'reorg', height: this.height })
        continue
      }
      this.height = block.height
      for (const tx of block.transactions.slice(1)) {
        const spent = tx.inputs.find(({ outpoint }) => this.#watched.has(outPointKey(outpoint)))
        if (spent !== undefined) this.give({ type: 'spent', outpoint: spent.outpoint, tx, height: block.height })
      }
      this.give({ type: 'block' })
    }
  }

  eventsOf<T extends OnchainEvent['type']>(type: T): readonly Extract<OnchainEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<OnchainEvent, { type: T }> => event.type === type)
  }

  get isResolved(): boolean {
    return this.eventsOf('resolved').length > 0
  }

  /** Transactions of ours that are in the chain, but for the commitment, each once. */
  confirmed(): readonly Tx[] {
    const byId = new Map<Txid, Tx>()
    for (const { tx, role } of this.published) {
      if (role === 'commitment' || role === 'mutual-close') continue
      const known = this.#chain.transaction(txid(tx))
      if (known !== undefined && known.confirmations > 0) byId.set(known.txid, known.tx)
    }
    return [...byId.values()]
  }

  /** Of those, the ones whose fee we chose. */
  ownMade(): readonly Tx[] {
    const signedByBoth = new Set(this.published.filter(({ role }) => role.startsWith('htlc')).map(({ tx }) => txid(tx)))
    const fixed = this.model.format === 'static_remotekey' ? signedByBoth : new Set<Txid>()
    return this.confirmed().filter(tx => !fixed.has(txid(tx)))
  }

  /** The fees of all that we published and that confirmed. */
  feesSat(): bigint {
    return this.confirmed().reduce((sum, tx) => sum + feeOf(this.#chain, tx), 0n)
  }

  /** What the wallet holds now, fee coins and change included. */
  walletSat(): bigint {
    let held = 0n
    for (const [, coin] of this.#chain.utxos()) {
      if (bytesEqual(coin.script, destination(this.name)) || bytesEqual(coin.script, coinScript(this.name))) {
        held += coin.amountSat
      }
    }
    return held
  }

  #loaded(): OnchainState {
    const loaded = loadOnchainState(this.records)
    if (!loaded.ok) throw new Error(loaded.error.message)
    return loaded.value
  }

  #publish(tx: Tx, role: PublishRole, parent?: Tx): void {
    let outcome = 'offline'
    if (this.online) {
      const offered = offer(this.#chain, tx, parent)
      outcome = offered.ok ? offered.value : offered.error.reason
    }
    this.published.push({ tx, role, height: this.height, outcome })
  }

  /** Reports what has happened already, up to the block that we have come to. */
  #watch(outpoint: OutPoint): void {
    if (this.#watched.has(outPointKey(outpoint))) return
    this.#watched.set(outPointKey(outpoint), outpoint)
    const spend = this.#chain.spendingTx(outpoint)
    if (spend?.height === undefined || spend.height > this.height) return
    this.give({ type: 'spent', outpoint, tx: spend.tx, height: spend.height })
  }
}

export function feeOf(chain: RegtestChain, tx: Tx): bigint {
  const ins = tx.inputs.reduce((sum, { outpoint }) => sum + (chain.output(outpoint)?.amountSat ?? 0n), 0n)
  return ins - tx.outputs.reduce((sum, output) => sum + output.amountSat, 0n)
}

/** Mines block after block until `done`; each node takes in each block. */
export function mineUntil(nodes: readonly EnforcerNode[], done: () => boolean, limit = 200): void {
  const [first] = nodes
  if (first === undefined) throw new Error('no nodes')
  for (let i = 0; !done(); i++) {
    if (i >= limit) throw new Error(`not done after ${limit} blocks`)
    mine(nodes, 1)
  }
}

export function mine(nodes: readonly EnforcerNode[], count: number): void {
  for (let i = 0; i < count; i++) {
    nodes[0]?.model.chain.mine(1)
    for (const node of nodes) node.catchUp()
  }
}

/** Replaces the last `depth` blocks by `depth + 1` empty ones; what they held waits again. */
export function reorg(nodes: readonly EnforcerNode[], depth: number): void {
  const replaced = nodes[0]?.model.chain.reorganize({ depth })
  if (replaced === undefined || !replaced.ok) throw new Error('the reorganisation failed')
  for (const node of nodes) node.catchUp()
}
