import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import {
  bytesEqual,
  type FeeratePerKw,
  feeForWeight,
  type OutPoint,
  outPointKey,
  type Sat,
  sat,
  unreachable,
} from '../../src/base/index.ts'
import {
  P2WPKH_INPUT_WEIGHT,
  p2wpkhScript,
  signP2wpkhInput,
  type Tx,
  type TxOut,
  txid,
  txWeight,
} from '../../src/bitcoin/index.ts'
import { changedRecords as channelRecords } from '../../src/channel/codec/records.ts'
import type { ChannelDurable, ChannelLimits } from '../../src/channel/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import {
  channelSpends,
  type LinkContext,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  type LinkStep,
  linkStep,
  loadLink,
  NEW_LINK,
} from '../../src/link/index.ts'
import type { SpendPath } from '../../src/onchain/index.ts'
import { type BlockEvent, offer, REGTEST_GENESIS_HASH, type RegtestChain } from '../../src/regtest/index.ts'
import { encodeMessage } from '../../src/wire/index.ts'

// One link with a wallet and a store, stepped by hand. What it wants done is done at once, in the order in which it wants it;
// what the world answers is the next input.

export type LinkEvent = Extract<LinkEffect, { type: 'event' }>['event']
export type Role = Extract<LinkEffect, { type: 'publish' }>['role']

export interface SideOptions {
  readonly name: string
  readonly chain: RegtestChain
  readonly seed: Uint8Array
  readonly limits: ChannelLimits
  readonly feerate: FeeratePerKw
}

/** One wish to publish, and what the chain said: `accepted`, `known`, or why not. */
export interface Published {
  readonly tx: Tx
  readonly role: Role
  readonly height: number
  readonly outcome: string
}

export class Side {
  readonly name: string
  readonly seed: Uint8Array
  readonly walletSecret: Uint8Array
  readonly walletPublicKey: Uint8Array
  readonly walletScript: Uint8Array
  readonly chain: RegtestChain
  readonly #options: SideOptions
  state: LinkState = NEW_LINK
  records = new Map<string, Uint8Array>()
  readonly events: LinkEvent[] = []
  readonly published: Published[] = []
  onSend: (bytes: Uint8Array) => void = () => undefined
  /** Called before each first publication of a transaction. */
  onPublish: (tx: Tx, role: Role) => void = () => undefined
  /** Of claims: how high a fee is set for what is made from now on. */
  claimFeerate: FeeratePerKw
  readonly #queue: LinkInput[] = []
  #busy = false
  readonly #blocks: BlockEvent[] = []
  /** Of the last block that was taken in. */
  #height: number
  readonly #coins = new Map<string, OutPoint>()
  readonly #unsubscribe: () => void

  constructor(options: SideOptions) {
    const { name, seed, chain, feerate } = options
    this.name = name
    this.seed = seed
    this.chain = chain
    this.#options = options
    this.claimFeerate = feerate
    this.#height = chain.height
    this.walletSecret = sha256(seed)
    this.walletPublicKey = publicKeyFromSecret(this.walletSecret)
    this.walletScript = p2wpkhScript(this.walletPublicKey)
    for (const [key, { script }] of chain.utxos()) if (bytesEqual(script, this.walletScript)) this.#sawCoin(key)
    this.#unsubscribe = chain.onBlock(event => this.#blocks.push(event))
  }

  /** As a start from these records; `started` is for the caller to give. */
  static from(options: SideOptions, records: ReadonlyMap<string, Uint8Array>): Side {
    const side = new Side(options)
    side.records = new Map(records)
    side.state = side.#loaded()
    return side
  }

  /** Looks at the chain no more. */
  leave(): void {
    this.#unsubscribe()
  }

  get phase(): string {
    return this.state.channel?.state ?? 'none'
  }

  get durable(): ChannelDurable {
    const { channel } = this.state
    if (channel === undefined || !('durable' in channel)) throw new Error(`${this.name} has no funded channel`)
    return channel.durable
  }

  context(): LinkContext {
    const { limits, seed, feerate } = this.#options
    return {
      chainHash: REGTEST_GENESIS_HASH,
      height: this.#height,
      seed,
      negotiated: {
        upfrontShutdownScript: false,
        shutdownAnySegwit: true,
        simpleClose: true,
        largeChannels: true,
        scidAlias: false,
        zeroConf: false,
        attributionData: false,
      },
      channelKeyIndex: 0,
      channelIdsInUse: [],
      limits,
      feerates: { commitment: feerate, mutualClose: feerate, claim: this.claimFeerate },
      walletScript: this.walletScript,
      feeCoins: this.#feeCoins(),
    }
  }

  /** One input, and whatever follows from what the engine asks for. */
  give(input: LinkInput): LinkStep {
    const step = this.#step(input)
    if (!this.#busy) {
      this.#busy = true
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next)
      this.#busy = false
    }
    return step
  }

  /** A command that must be taken. */
  command(command: Extract<LinkInput, { type: 'command' }>['command']): void {
    expect(this.give({ type: 'command', command }).failure).toBeUndefined()
  }

  /** Takes in the blocks that have come since. */
  catchUp(): void {
    for (let event = this.#blocks.shift(); event !== undefined; event = this.#blocks.shift()) {
      const { height, transactions } = event.block
      for (const tx of transactions) this.#sawOutputs(tx)
      this.#height = event.type === 'block_connected' ? height : height - 1
      if (event.type === 'block_connected') this.give({ type: 'block_connected', height, transactions })
      else this.give({ type: 'block_disconnected', height })
      this.give({ type: 'end_of_turn' })
    }
  }

  /** Lets the blocks that have come since pass: the wallet has seen them, the engine has not. */
  sleepThrough(): void {
    for (const { block } of this.#blocks.splice(0)) for (const tx of block.transactions) this.#sawOutputs(tx)
    this.#height = this.chain.height
  }

  /** Comes back from its own records, as after a crash. */
  restart(): void {
    this.state = this.#loaded()
    this.give({ type: 'started' })
  }

  eventsOf<T extends LinkEvent['type']>(type: T): readonly Extract<LinkEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<LinkEvent, { type: T }> => event.type === type)
  }

  /** The ways in which a side may spend outputs of the channel now, as this side sees them. */
  spends(party: 'local' | 'remote'): readonly SpendPath[] {
    return channelSpends(this.state, party, this.context())
  }

  /** What the wallet holds, confirmed. */
  walletSat(): bigint {
    let held = 0n
    for (const outpoint of this.#coins.values()) held += this.chain.utxo(outpoint)?.amountSat ?? 0n
    return held
  }

  #step(input: LinkInput): LinkStep {
    const before = this.state
    const step = linkStep(before, input, this.context())
    this.state = step.next
    for (const write of step.writes) {
      if (write.type === 'put') this.records.set(write.key, write.value)
      else this.records.delete(write.key)
    }
    if (step.writes.length > 0 || !isSame(before, step.next)) this.#compareStored()
    for (const effect of step.effects) this.#perform(effect)
    return step
  }

  /** The records give the state back, and the state gives the records back: nothing is missing, and nothing is left over. */
  #compareStored(): void {
    const { channel } = this.state
    if (channel === undefined || !('durable' in channel)) return
    const loaded = this.#loaded()
    if (loaded.channel === undefined || !('durable' in loaded.channel)) throw new Error('a stored channel is loaded')
    const held = { ...stored(this.state), durable: channel.durable }
    const read = { ...stored(loaded), durable: loaded.channel.durable }
    if (!isDeepStrictEqual(read, held)) expect(read).toEqual(held)
    const prefix = `channel/${channel.durable.params.channelId}/state/`
    const again = new Map(channelRecords(undefined, loaded.channel).map(write => [prefix + write.key, write]))
    const kept = [...this.records].filter(([key]) => key.startsWith(prefix))
    expect(kept.length).toBe(again.size)
    for (const [key, value] of kept) {
      const write = again.get(key)
      expect(write?.type === 'put' && bytesEqual(write.value, value), key).toBe(true)
    }
  }

  #loaded(): LinkState {
    const loaded = loadLink(this.records)
    if (!loaded.ok) throw new Error(loaded.error.message)
    return loaded.value
  }

  #perform(effect: LinkEffect): void {
    switch (effect.type) {
      case 'send':
        this.onSend(encodeMessage(effect.message))
        return
      case 'close_connection':
        throw new Error(`${this.name} wants to close the connection`)
      case 'publish':
        this.#publish(effect.tx, effect.role, effect.parent)
        return
      case 'fund_channel': {
        const tx = this.pay(effect.output, effect.feeratePerKw)
        this.#queue.push({ type: 'command', command: { type: 'funding_transaction', tx } })
        return
      }
      case 'withdraw':
        // Its coins are those of the chain: none is kept back.
        return
      case 'load_archive': {
        const { prefix, commitmentNumber } = effect
        const records = new Map([...this.records].filter(([key]) => key.startsWith(prefix)))
        this.#queue.push({ type: 'archive', commitmentNumber, records })
        return
      }
      case 'look_up_spend': {
        const { outpoint } = effect
        const known = this.chain.spendingTx(outpoint)
        if (known?.height === undefined) return
        this.#queue.push({ type: 'spend_found', outpoint, tx: known.tx, height: known.height })
        return
      }
      case 'look_up_funding': {
        const known = this.chain.transaction(effect.txid)
        if (known?.height === undefined) return
        this.#queue.push({ type: 'funding_found', tx: known.tx, height: known.height })
        return
      }
      case 'event':
        this.events.push(effect.event)
        return
      default:
        unreachable(effect)
    }
  }

  #publish(tx: Tx, role: Role, parent?: Tx): void {
    const { height } = this.chain
    if (this.chain.transaction(txid(tx)) === undefined) this.onPublish(tx, role)
    const offered = offer(this.chain, tx, parent)
    this.published.push({ tx, role, height, outcome: offered.ok ? offered.value : offered.error.reason })
  }

  #sawOutputs(tx: Tx): void {
    for (const [vout, { script }] of tx.outputs.entries()) {
      if (!bytesEqual(script, this.walletScript)) continue
      const outpoint = { txid: txid(tx), vout }
      this.#coins.set(outPointKey(outpoint), outpoint)
    }
  }

  #sawCoin(key: string): void {
    const [id, vout] = key.split(':')
    // The chain's own keys are txid:vout.
    this.#coins.set(key, { txid: id as OutPoint['txid'], vout: Number(vout) })
  }

  #feeCoins(): LinkContext['feeCoins'] {
    const coins: LinkContext['feeCoins'][number][] = []
    for (const outpoint of this.#coins.values()) {
      const coin = this.chain.utxo(outpoint)
      if (coin === undefined) continue
      const { amountSat } = coin
      coins.push({ outpoint, amountSat, secret: this.walletSecret, publicKey: this.walletPublicKey })
    }
    return coins
  }

  /** A signed transaction of the wallet with `output` first; its largest coin pays. */
  pay(output: TxOut, feerate: FeeratePerKw): Tx {
    const coin = this.#feeCoins().toSorted((a, b) => Number(b.amountSat - a.amountSat))[0]
    if (coin === undefined) throw new Error(`${this.name} has no coins`)
    const withChange = (amountSat: Sat): Tx => ({
      version: 2,
      inputs: [{ outpoint: coin.outpoint, scriptSig: new Uint8Array(0), sequence: 0xfffffffd, witness: [] }],
      outputs: [output, { amountSat, script: this.walletScript }],
      locktime: 0,
    })
    const fee = feeForWeight(feerate, txWeight(withChange(sat(0))) + P2WPKH_INPUT_WEIGHT)
    return signP2wpkhInput(withChange(sat(coin.amountSat - output.amountSat - fee)), 0, coin.amountSat, coin.secret)
  }
}

/** All of a state but the channel and what ends with the process. */
function stored({ connection: _connection, watched: _watched, channel: _channel, ...rest }: LinkState) {
  return rest
}

/** Whether nothing that is stored has changed: what was compared after the step before is so still. */
function isSame(before: LinkState, now: LinkState): boolean {
  const durable = ({ channel }: LinkState) => channel && 'durable' in channel && channel.durable
  if (durable(before) !== durable(now) || before.funding !== now.funding) return false
  if (before.earlierScripts !== now.earlierScripts) return false
  const [old, next] = [before.onchain, now.onchain]
  if (old === undefined || next === undefined) return old === next
  return (
    old.facts === next.facts &&
    old.reported.join() === next.reported.join() &&
    old.claims.length === next.claims.length &&
    old.claims.every((claim, index) => claim === next.claims[index])
  )
}
