import { BookendError, type Txid, unreachable } from '../base/index.ts'
import { txid } from '../bitcoin/index.ts'
import {
  type EngineContext,
  type EngineEffect,
  type EngineInput,
  type EngineState,
  engineMachine,
  outpointsAtStake,
  towerMessages,
} from '../engine/index.ts'
import type { Chain, Network, Store, Timers } from '../ports/index.ts'
import { Alarm } from './alarm.ts'
import { Connections } from './connections.ts'
import { Driver } from './driver.ts'
import { EventLog } from './eventLog.ts'
import { ChainFollower } from './follower.ts'
import { FundingChecks } from './fundingChecks.ts'
import { MempoolWatch } from './mempoolWatch.ts'
import type { LogLine } from './options.ts'
import { Publisher } from './publisher.ts'
import { Requests } from './requests.ts'
import { Towers, type TowersOptions } from './towers/clients.ts'

/** Of ChaCha20-Poly1305. */
const NONCE_BYTES = 12
/** After this long a chain that could not be asked is asked again. */
const CHAIN_RETRY_MS = 2_000
/** Transactions whose refusal was logged already. */
const MAX_REFUSALS_KEPT = 1_000
/** How the chain says that an input of a transaction is unknown or spent, in the words of Bitcoin Core. */
const MISSING_INPUTS: ReadonlySet<string> = new Set(['bad-txns-inputs-missingorspent', 'missing-inputs'])

export interface HandsOptions {
  readonly state: EngineState
  readonly lastEvent: number
  readonly store: Store
  readonly chain: Chain
  readonly network: Network
  readonly towers: TowersOptions['towers']
  readonly randomBytes: (length: number) => Uint8Array
  readonly birthHeight: number | 'now'
  readonly context: () => EngineContext
  readonly clock: () => number
  readonly timers: Timers
  readonly log: (line: LogLine) => void
  /** Told after each block. */
  readonly onBlock: () => void
  /** Told when the node has to end. */
  readonly onStop: (reason: unknown) => void
}

type EngineDriver = Driver<EngineState, EngineInput, EngineContext, EngineEffect, never>

/** The driver of the engine, and everything that carries its effects out: connections, chain, store, timer, waiting calls. */
export class Hands {
  readonly driver: EngineDriver
  readonly connections: Connections
  readonly follower: ChainFollower
  readonly events: EventLog
  readonly requests = new Requests()
  readonly #options: HandsOptions
  readonly #publisher: Publisher
  readonly #waiters = new Set<() => void>()
  readonly #refusals = new Map<Txid, string>()
  readonly #alarm: Alarm
  readonly #checks: FundingChecks
  readonly mempool: MempoolWatch
  readonly towers: Towers
  #stopping = false

  constructor(options: HandsOptions) {
    const { state, store, chain, network, context, birthHeight, log, timers } = options
    this.#options = options
    this.events = new EventLog(store, options.lastEvent)
    this.#alarm = new Alarm(options.clock, timers, () => this.tell({ type: 'tick' }))
    this.#publisher = new Publisher(chain, CHAIN_RETRY_MS, timers)
    this.driver = new Driver({
      machine: engineMachine,
      store,
      state,
      context,
      timers,
      perform: effect => this.#perform(effect),
      onTurn: () => this.#lookAgain(),
      onStop: reason => this.#failed(reason),
    })
    this.#checks = new FundingChecks({
      chain,
      height: () => this.driver.state.blocks.at(-1)?.height ?? 0,
      answer: (shortChannelId, output) => this.tell({ type: 'funding_checked', shortChannelId, output }),
      onPruned: error =>
        log({
          level: 'warn',
          message: `${error.message} Public channels that are older are not believed, nor paid over.`,
        }),
      retryMs: CHAIN_RETRY_MS,
      timers,
    })
    this.mempool = new MempoolWatch({
      chain,
      outpoints: () => outpointsAtStake(this.driver.state),
      tell: tx => this.tell({ type: 'spend_seen', tx }),
      timers,
    })
    this.towers = this.#towers()
    this.connections = new Connections({
      network,
      onConnected: (connection, { remoteNodeId: nodeId, outgoing }, address) =>
        this.tell({ type: 'connected', connection, nodeId, outgoing, ...(address !== undefined && { address }) }),
      onMessages: async (connection, nodeId, messages) => {
        await this.driver.submitAll(messages.map(bytes => ({ type: 'received', connection, nodeId, bytes })))
      },
      onEnded: (connection, nodeId) => this.tell({ type: 'ended', connection, nodeId }),
      onDialFailed: (nodeId, reason) => this.tell({ type: 'dial_failed', nodeId, reason }),
    })
    this.follower = new ChainFollower({
      chain,
      birthHeight,
      retryMs: CHAIN_RETRY_MS,
      timers,
      seen: () => this.driver.state.blocks,
      connect: async ({ height, hash, transactions }) => {
        await this.driver.submit({ type: 'block_connected', height, hash, transactions })
        options.onBlock()
      },
      disconnect: async () => {
        await this.driver.submit({ type: 'block_disconnected' })
      },
      onTrouble: error =>
        log(
          error === undefined
            ? { level: 'info', message: 'The chain answers again.' }
            : { level: 'warn', message: `${error.message} Channels are kept, and the chain is asked again.` },
        ),
    })
  }

  #towers(): Towers {
    const { towers, network, store, timers, log, context, randomBytes } = this.#options
    const { chainHash } = context()
    return new Towers({
      towers,
      network,
      chainHash,
      store,
      timers,
      log,
      messagesOf: (sequence, bytes) => {
        const nonce = () => randomBytes(NONCE_BYTES)
        const made = towerMessages(this.driver.state, this.driver.context(), { sequence, bytes, nonce })
        if (made.ok) return made.value
        throw new Error(`the record of job ${sequence} for watchtowers cannot be read: ${made.error.message}`)
      },
      acked: tower => this.driver.state.towers.acked.get(tower) ?? 0,
      last: () => this.driver.state.towers.next - 1,
      onAcked: async (tower, sequence) => {
        await this.driver.submit({ type: 'tower_acked', tower, sequence })
      },
    })
  }

  /** Something that nobody waits for. Where the driver has ended, it has said so itself. */
  tell(input: EngineInput): void {
    this.driver.submit(input).catch(() => undefined)
  }

  /** Resolves when something holds of the durable state; with `undefined` when that took too long, or the node ends. */
  async until<T>(holds: (state: EngineState) => T | undefined, patienceMs: number): Promise<T | undefined> {
    let isLate = false
    const passed = () => {
      isLate = true
      this.#lookAgain()
    }
    const callOff = this.#options.timers.after(patienceMs, passed, { background: true })
    for (;;) {
      const found = holds(this.driver.state)
      if (found !== undefined || isLate || this.#stopping) {
        callOff()
        return found
      }
      await new Promise<void>(resolve => {
        const done = () => {
          this.#waiters.delete(done)
          resolve()
        }
        this.#waiters.add(done)
      })
    }
  }

  /** Begins nothing more, finishes what is begun, and lets go of the store and the chain. */
  async stop(reason: unknown): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    this.#alarm.stop()
    this.#checks.stop()
    this.mempool.stop()
    this.towers.stop()
    await this.follower.stop().catch(() => undefined)
    this.connections.stop()
    this.requests.rejectAll(reason)
    this.#lookAgain()
    await this.driver.idle().catch(() => undefined)
    this.events.end()
    await this.#publisher.stop()
    // Where the store has failed, its end fails too: the reason was told.
    await this.#options.store.close().catch(() => undefined)
    await this.#options.chain.close().catch(() => undefined)
  }

  #failed(reason: unknown): void {
    this.requests.rejectAll(reason)
    this.#options.onStop(reason)
  }

  #lookAgain(): void {
    for (const waiter of [...this.#waiters]) waiter()
  }

  #perform(effect: EngineEffect): void {
    switch (effect.type) {
      case 'send':
        this.connections.send(effect.connection, effect.bytes)
        return
      case 'close':
        this.#options.log({ level: 'info', message: `A connection is closed: ${effect.reason}` })
        this.connections.close(effect.connection)
        return
      case 'dial':
        void this.connections.dial(effect.nodeId, effect.addresses)
        return
      case 'publish':
        void this.#publish(effect)
        return
      case 'test_funding':
        void this.#testFunding(effect)
        return
      case 'load_archive': {
        const { link, prefix, commitmentNumber } = effect
        this.#load(this.#options.store.load(prefix), records =>
          this.tell({ type: 'archive', link, commitmentNumber, records }),
        )
        return
      }
      case 'look_up': {
        const { request, keys } = effect
        this.#load(this.#lookUp(keys), records => this.tell({ type: 'looked_up', request, records }))
        return
      }
      case 'check_funding':
        this.#checks.ask(effect.shortChannelId)
        return
      case 'load_gossip': {
        const { load, keys } = effect
        this.#load(this.#lookUp(keys), records => this.tell({ type: 'gossip_loaded', load, records }))
        return
      }
      case 'load_storage': {
        const { peer, key } = effect
        this.#load(this.#lookUp([key]), records => this.tell({ type: 'storage_loaded', peer, blob: records.get(key) }))
        return
      }
      case 'load_oldest': {
        const { prefix, limit } = effect
        this.#load(this.#options.store.loadPage(prefix, { limit }), records => {
          if (records.size > 0) this.tell({ type: 'oldest_requests', keys: [...records.keys()] })
        })
        return
      }
      case 'tower_jobs':
        this.towers.look()
        return
      case 'reply':
        this.requests.answer(effect.request, effect.reply)
        return
      case 'progress':
        this.requests.progress(effect.request, effect.progress)
        return
      case 'event':
        this.events.tell(effect.event)
        return
      case 'wake':
        this.#alarm.set(effect.at)
        return
      default:
        unreachable(effect)
    }
  }

  /** Whoever waits hears of a refusal; where the chain cannot be asked, the transaction is safe and goes out later. */
  async #publish({ tx, parent, role, request, undo = {} }: Extract<EngineEffect, { type: 'publish' }>): Promise<void> {
    const id = txid(tx)
    const outcome = await this.#publisher.publish(tx, parent)
    const isRefused = typeof outcome === 'object'
    if (isRefused) this.#logRefusal(role, id, outcome.reason)
    if (request === undefined) {
      if (isRefused && role === 'wallet' && MISSING_INPUTS.has(outcome.reason))
        this.tell({ type: 'inputs_missing', txid: id })
      return
    }
    if (!isRefused) {
      this.requests.answer(request, { type: 'sent', txid: id })
      return
    }
    // First for good: else a start could publish it after all, when the caller has long tried something else.
    await this.driver.submit({ type: 'publish_refused', txid: id, undo }).catch(() => undefined)
    const advice = 'See what the reason says; a higher feerate may help. The coins are free again.'
    this.requests.reject(
      request,
      new BookendError('bad_request', `The chain did not take the transaction: ${outcome.reason}.`, {
        advice,
        facts: { reason: outcome.reason, txid: id },
      }),
    )
  }

  async #testFunding({ link, tx }: Extract<EngineEffect, { type: 'test_funding' }>): Promise<void> {
    const refusal = (await this.#publisher.test(tx))?.reason
    this.tell({ type: 'funding_tested', link, tx, ...(refusal !== undefined && { refusal }) })
  }

  /** Once for each transaction and reason: what is offered with every block would say the same with every block. */
  #logRefusal(role: string, id: Txid, reason: string): void {
    if (this.#refusals.get(id) === reason) return
    this.#refusals.set(id, reason)
    const oldest = this.#refusals.keys().next().value
    if (this.#refusals.size > MAX_REFUSALS_KEPT && oldest !== undefined) this.#refusals.delete(oldest)
    this.#options.log({ level: 'warn', message: `The chain did not take the ${role} transaction ${id}: ${reason}` })
  }

  async #lookUp(keys: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>()
    for (const key of keys) {
      // It comes first of those whose keys begin like it, which may be any number.
      const value = (await this.#options.store.loadPage(key, { limit: 1 })).get(key)
      if (value !== undefined) found.set(key, value)
    }
    return found
  }

  /** What cannot be read ends the node, as what cannot be written does. */
  #load(
    records: Promise<ReadonlyMap<string, Uint8Array>>,
    then: (records: ReadonlyMap<string, Uint8Array>) => void,
  ): void {
    records.then(then, reason => {
      if (!this.#stopping) this.#failed(reason)
    })
  }
}
