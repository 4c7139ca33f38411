import { assert, unreachable } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import { type ChannelCommand, type ChannelFailure, DEFAULT_LIMITS, describeFailure } from '../../channel/index.ts'
import {
  type LinkContext,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  linkMachine,
  loadLink,
  NEW_LINK,
} from '../../link/index.ts'
import { Driver } from '../../node/index.ts'
import { type BlockEvent, offer, REGTEST_GENESIS_HASH, type RegtestChain } from '../../regtest/index.ts'
import { memoryStore } from '../../storage/index.ts'
import { encodeMessage } from '../../wire/index.ts'
import { DEMO_FEATURES, DEMO_FEERATE } from './constants.ts'
import { DemoWallet } from './wallet.ts'

// One of the two people of the demo: a wallet, a store, and a link with its driver. The other side is reached only
// through bytes.

export type Name = 'alice' | 'bob'

export type LinkEvent = Extract<LinkEffect, { type: 'event' }>['event']
export type PublishedRole = Extract<LinkEffect, { type: 'publish' }>['role']

export interface Published {
  readonly tx: Tx
  readonly role: PublishedRole
  readonly by: Name
}

export type LinkDriver = Driver<LinkState, LinkInput, LinkContext, LinkEffect, ChannelFailure>

export interface PartyOptions {
  readonly name: Name
  readonly seed: Uint8Array
  readonly chain: RegtestChain
  /** Takes our bytes to the other side, or nowhere. */
  readonly send: (bytes: Uint8Array) => Promise<void>
  readonly onEvent: (event: LinkEvent) => void
  readonly onPublish: (published: Published) => void
  /** Takes what nobody waits for; what goes wrong with it is heard all the same. */
  readonly later: (work: Promise<unknown>) => void
}

export class Party {
  readonly name: Name
  readonly wallet: DemoWallet
  readonly driver: LinkDriver
  readonly #options: PartyOptions
  readonly #store: ReturnType<typeof memoryStore>
  readonly #unsubscribe: () => void

  constructor(options: PartyOptions, backup?: ReadonlyMap<string, Uint8Array>) {
    this.name = options.name
    this.wallet = new DemoWallet(options.seed)
    this.#options = options
    this.#store = memoryStore(backup)
    this.driver = new Driver({
      machine: linkMachine,
      store: this.#store,
      state: backup === undefined ? NEW_LINK : loaded(backup),
      context: () => this.#context(),
      perform: effect => this.#perform(effect),
    })
    this.#unsubscribe = options.chain.onBlock(event => {
      this.wallet.see(event)
      this.#tell(blockInput(event))
    })
  }

  /** Looks at the chain no more. */
  leave(): void {
    this.#unsubscribe()
  }

  /** The records as they are now: what a backup would hold. */
  backup(): ReadonlyMap<string, Uint8Array> {
    return this.#store.snapshot()
  }

  /** A command that the story needs: its rejection is a bug of the demo. */
  async command(command: ChannelCommand): Promise<void> {
    const { failure } = await this.driver.submit({ type: 'command', command })
    assert(failure === undefined, failure === undefined ? '' : `${this.name}: ${describeFailure(failure)}`)
  }

  #context(): LinkContext {
    const { secret, publicKey, script, coins } = this.wallet
    return {
      chainHash: REGTEST_GENESIS_HASH,
      height: this.#options.chain.height,
      seed: this.#options.seed,
      negotiated: DEMO_FEATURES,
      channelKeyIndex: 0,
      channelIdsInUse: [],
      limits: DEFAULT_LIMITS,
      feerates: { commitment: DEMO_FEERATE, mutualClose: DEMO_FEERATE, claim: DEMO_FEERATE },
      walletScript: script,
      feeCoins: coins.map(coin => ({ ...coin, secret, publicKey })),
    }
  }

  async #perform(effect: LinkEffect): Promise<void> {
    switch (effect.type) {
      case 'send':
        return this.#options.send(encodeMessage(effect.message))
      case 'close_connection':
        // The link of the demo is never broken by misbehaviour: an honest pair gives no reason to.
        throw new Error(`${this.name} wants to close the connection`)
      case 'publish':
        return this.#publish(effect)
      case 'withdraw':
        // Its wallet asks the chain for its coins: it keeps none back.
        return
      case 'fund_channel': {
        const tx = this.wallet.pay(effect.output, effect.feeratePerKw)
        return this.#options.later(this.command({ type: 'funding_transaction', tx }))
      }
      case 'load_archive': {
        const records = await this.#store.load(effect.prefix)
        return this.#tell({ type: 'archive', commitmentNumber: effect.commitmentNumber, records })
      }
      case 'look_up_spend': {
        const { outpoint } = effect
        const spender = confirmed(this.#options.chain.spendingTx(outpoint))
        if (spender !== undefined) this.#tell({ type: 'spend_found', outpoint, ...spender })
        return
      }
      case 'look_up_funding': {
        const found = confirmed(this.#options.chain.transaction(effect.txid))
        if (found !== undefined) this.#tell({ type: 'funding_found', ...found })
        return
      }
      case 'event':
        return this.#options.onEvent(effect.event)
      default:
        return unreachable(effect)
    }
  }

  #tell(input: LinkInput): void {
    this.#options.later(this.driver.submit(input))
  }

  /** A transaction that the chain does not take yet is offered again with the next block. */
  #publish({ tx, role, parent }: Extract<LinkEffect, { type: 'publish' }>): void {
    const { chain, onPublish } = this.#options
    if (offer(chain, tx, parent).ok) onPublish({ tx, role, by: this.name })
  }
}

function blockInput({ type, block: { height, transactions } }: BlockEvent): LinkInput {
  return type === 'block_connected' ? { type, height, transactions } : { type, height }
}

/** A transaction with the height at which it is confirmed, where it is. */
function confirmed(known: ReturnType<RegtestChain['transaction']>) {
  return known?.height === undefined ? undefined : { tx: known.tx, height: known.height }
}

function loaded(backup: ReadonlyMap<string, Uint8Array>): LinkState {
  const state = loadLink(backup)
  assert(state.ok, 'a backup of the demo loads')
  return state.value
}
