import { decode, fromHex, type NodeId, nodeId as nodeIdOf, type Txid, toHex } from '../../base/index.ts'
import { type Tx, txid } from '../../bitcoin/index.ts'
import { NETWORKS } from '../../chain/index.ts'
import { publicKeyFromSecret } from '../../crypto/index.ts'
import type {
  Chain,
  Connection,
  ConnectionListener,
  Listening,
  NetAddress,
  Network,
  Store,
  Timers,
} from '../../ports/index.ts'
import {
  blobLength,
  clientOfBlob,
  DEFAULT_TOWER_LIMITS,
  decodeTowerMessage,
  encodeTowerMessage,
  type FoundBlob,
  hintOf,
  hintPrefix,
  loadTower,
  TOWER_PREFIXES,
  TOWER_VERSION,
  type TowerContext,
  type TowerEffect,
  type TowerInput,
  type TowerLimits,
  type TowerMessage,
  type TowerState,
  tagKey,
  tagPrefix,
  towerMachine,
} from '../../watchtower/index.ts'
import { ensureBackends } from '../crypto/installBestBackends.ts'
import { Driver } from '../driver.ts'
import { BookendError } from '../error.ts'
import { FALLBACK_FEERATES, Feerates } from '../feerates.ts'
import { ChainFollower } from '../follower.ts'
import type { LogLine } from '../options.ts'
import { HOST_TIMERS } from '../timers.ts'
import type { NetworkName } from '../types.ts'

export interface TowerOptions {
  /** Default: regtest. */
  readonly network?: NetworkName
  readonly chain: Chain | Promise<Chain>
  readonly store: Store | Promise<Store>
  /** 32 bytes: what clients know the tower by. It signs nothing else. */
  readonly nodeSecret: Uint8Array
  readonly net: (nodeSecret: Uint8Array) => Network
  readonly listen: NetAddress
  /** Who may store something. Default: anybody, each within the limits. */
  readonly clients?: readonly NodeId[]
  readonly limits?: Partial<TowerLimits>
  readonly log?: (line: LogLine) => void
  readonly timers?: Timers
  /** Milliseconds since 1970. Default: the host's clock. */
  readonly clock?: () => number
}

export interface Tower {
  readonly nodeId: NodeId
  /** Where clients reach it. */
  readonly listening: NetAddress
  /** How much is kept for whom, and how many outputs are being punished. */
  status(): {
    readonly clients: ReadonlyMap<NodeId, { readonly blobs: number; readonly bytes: number }>
    readonly cases: number
  }
  /** Rejects when it cannot go on, and says why. */
  readonly stopped: Promise<void>
  stop(): Promise<void>
}

const CHAIN_RETRY_MS = 2_000

/**
 * Runs a tower: it keeps what nodes give it, looks each transaction of each block up in that, and publishes what punishes those that are
 * revoked. It holds no key of anybody's money. Rejects with a `BookendError`, a `ChainError` or a `NetworkError`.
 */
export async function serveTower(options: TowerOptions): Promise<Tower> {
  await ensureBackends()
  const [chain, store] = [await options.chain, await options.store]
  const server = new TowerServer(options, chain, store)
  try {
    await server.start()
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

interface Client {
  readonly connection: number
  readonly client: NodeId
  /** Of the messages that came together. */
  readonly pending: Promise<unknown>[]
}

type TowerDriver = Driver<TowerState, TowerInput, TowerContext, TowerEffect, never>

class TowerServer implements Tower {
  readonly nodeId: NodeId
  readonly stopped: Promise<void>
  readonly #options: TowerOptions
  readonly #chain: Chain
  readonly #store: Store
  readonly #timers: Timers
  readonly #connections = new Map<number, Connection>()
  readonly #end: (reason: unknown) => void
  readonly #feerates: Feerates
  #driver: TowerDriver | undefined
  #follower: ChainFollower | undefined
  #listening: Listening | undefined
  #last = 0
  #isStopping = false

  constructor(options: TowerOptions, chain: Chain, store: Store) {
    this.#options = options
    this.#chain = chain
    this.#store = store
    this.#timers = options.timers ?? HOST_TIMERS
    this.nodeId = nodeIdOf(publicKeyFromSecret(options.nodeSecret))
    const { promise, reject } = Promise.withResolvers<void>()
    this.stopped = promise
    // Looked at by who runs it; until then it fails for nobody.
    promise.catch(() => undefined)
    this.#end = reject
    const { network = 'regtest' } = options
    this.#feerates = new Feerates(chain, network === 'regtest' ? FALLBACK_FEERATES.regtest : FALLBACK_FEERATES.others)
  }

  get listening(): NetAddress {
    return this.#listening?.address ?? this.#options.listen
  }

  status(): ReturnType<Tower['status']> {
    const state = this.#driver?.state
    return { clients: state?.clients ?? new Map(), cases: state?.cases.size ?? 0 }
  }

  async start(): Promise<void> {
    const { network = 'regtest', net, nodeSecret, listen } = this.#options
    const first = await this.#chain.hashAt(0)
    if (first !== NETWORKS[network].genesisHash) {
      const message = `Expected the chain of ${network}, got one whose first block is ${first}.`
      throw new BookendError('wrong_network', message, { advice: 'Name the network with --network.' })
    }
    const records = new Map<string, Uint8Array>()
    for (const prefix of TOWER_PREFIXES)
      for (const [key, value] of await this.#store.load(prefix)) records.set(key, value)
    const loaded = loadTower(records)
    if (!loaded.ok) {
      const message = `The records of this tower cannot be read: ${loaded.error.message}.`
      throw new BookendError('data_directory', message, {
        advice: 'Start it in an empty directory: its clients store what comes from then on.',
      })
    }
    await this.#feerates.refresh(this.#now())
    const driver: TowerDriver = new Driver({
      machine: towerMachine,
      store: this.#store,
      state: loaded.value,
      context: () => this.#context(),
      timers: this.#timers,
      perform: effect => this.#perform(effect),
      onStop: reason => this.#end(reason),
    })
    this.#driver = driver
    this.#follower = this.#follow(driver)
    await this.#follower.start()
    await driver.submit({ type: 'started' })
    this.#listening = await net(nodeSecret).listen(listen, connection => this.#accept(connection))
  }

  async stop(): Promise<void> {
    if (this.#isStopping) return
    this.#isStopping = true
    await this.#listening?.close()
    await this.#follower?.stop().catch(() => undefined)
    for (const connection of this.#connections.values()) connection.close()
    await this.#driver?.idle().catch(() => undefined)
    await this.#store.close().catch(() => undefined)
    await this.#chain.close().catch(() => undefined)
  }

  #now(): number {
    return (this.#options.clock ?? Date.now)()
  }

  #log(level: LogLine['level'], message: string): void {
    this.#options.log?.({ level, message })
  }

  #context(): TowerContext {
    const { clients, limits } = this.#options
    return {
      limits: { ...DEFAULT_TOWER_LIMITS, ...limits },
      feeratePerKw: this.#feerates.current.claim,
      ...(clients !== undefined && { allowed: new Set(clients) }),
    }
  }

  #follow(driver: TowerDriver): ChainFollower {
    return new ChainFollower({
      chain: this.#chain,
      birthHeight: 'now',
      retryMs: CHAIN_RETRY_MS,
      timers: this.#timers,
      seen: () => driver.state.blocks,
      connect: async ({ height, hash, transactions }) => {
        const found = await this.#foundIn(transactions)
        await driver.submit({ type: 'block_connected', height, hash, transactions, found })
        void this.#feerates.refresh(this.#now())
      },
      disconnect: async () => {
        await driver.submit({ type: 'block_disconnected' })
      },
      onTrouble: error =>
        error === undefined
          ? this.#log('info', 'The chain answers again.')
          : this.#log('warn', `${error.message} The chain is asked again.`),
    })
  }

  /** Each transaction of a block is looked up: a question of the store for each. */
  async #foundIn(transactions: readonly Tx[]): Promise<ReadonlyMap<Txid, readonly FoundBlob[]>> {
    const found = new Map<Txid, readonly FoundBlob[]>()
    for (const tx of transactions) {
      const id = txid(tx)
      const records = await this.#store.load(hintPrefix(hintOf(id)))
      if (records.size > 0)
        found.set(
          id,
          [...records].map(([key, blob]) => ({ client: clientOfBlob(key), blob })),
        )
    }
    return found
  }

  #perform(effect: TowerEffect): void {
    switch (effect.type) {
      case 'send':
        this.#say(effect.connection, effect.message)
        return
      case 'publish':
        void this.#publish(effect.tx)
        return
      case 'tell':
        this.#log(effect.level, effect.message)
        return
    }
  }

  /** A refusal is the last word: what came behind it may be stored, and is not acknowledged. */
  #say(number: number, message: TowerMessage): void {
    const connection = this.#connections.get(number)
    connection?.send([encodeTowerMessage(message)])
    if (message.type !== 'tower_refuse') return
    this.#connections.delete(number)
    connection?.close()
  }

  /** Offered again with the next block, whatever is said to it. */
  async #publish(tx: Tx): Promise<void> {
    try {
      const taken = await this.#chain.publish(tx)
      if (!taken.ok) this.#log('info', `The chain does not take ${txid(tx)} now: ${taken.error.reason}.`)
    } catch (error) {
      this.#log(
        'warn',
        `${error instanceof Error ? error.message : error} ${txid(tx)} is offered again with the next block.`,
      )
    }
  }

  #accept(connection: Connection): ConnectionListener {
    this.#last += 1
    const number = this.#last
    this.#connections.set(number, connection)
    let isKnown = false
    return {
      onMessages: async messages => {
        // What one read brings is stored in one commit.
        const pending: Promise<unknown>[] = []
        for (const bytes of messages) {
          const decoded = decodeTowerMessage(bytes)
          // Types that nobody knows are for others.
          if (decoded.ok && decoded.value === undefined) continue
          if (!decoded.ok || decoded.value === undefined) {
            connection.close()
            return
          }
          if (decoded.value.type === 'tower_hello') isKnown = this.#greet(connection, decoded.value)
          else if (isKnown)
            await this.#hear(decoded.value, { connection: number, client: connection.remoteNodeId, pending })
          else connection.close()
        }
        await Promise.all(pending)
      },
      onEnd: () => this.#connections.delete(number),
    }
  }

  #greet(connection: Connection, hello: Extract<TowerMessage, { type: 'tower_hello' }>): boolean {
    const chainHash = fromHex(NETWORKS[this.#options.network ?? 'regtest'].genesisHash)
    const isOurs = hello.version === TOWER_VERSION && toHex(hello.chainHash) === toHex(chainHash)
    const answer: TowerMessage = isOurs
      ? { type: 'tower_hello', version: TOWER_VERSION, chainHash }
      : { type: 'tower_refuse', sequence: 0, reason: 'this tower is of another version, or on another chain' }
    connection.send([encodeTowerMessage(answer)])
    if (!isOurs) connection.close()
    return isOurs
  }

  /** Nothing more is read from the client until `pending` is durable. Where it never is, the driver has said why. */
  async #hear(message: TowerMessage, { connection, client, pending }: Client): Promise<void> {
    const driver = this.#driver
    if (driver === undefined) return
    if (message.type === 'tower_put') {
      const key = tagKey({ client, ...message })
      const known = (await this.#store.load(key)).get(key)
      const length = known === undefined ? undefined : decode(blobLength, known)
      const replaces = length?.ok === true ? { replaces: length.value } : {}
      const stored = driver.submit({ type: 'put', connection, client, put: message, ...replaces })
      pending.push(stored.catch(() => undefined))
    } else if (message.type === 'tower_forget') {
      // Of what came with it nothing is left out.
      await Promise.all(pending)
      const stored = new Map<string, number>()
      for (const [key, value] of await this.#store.load(tagPrefix(client, message.tag))) {
        const length = decode(blobLength, value)
        stored.set(key, length.ok ? length.value : 0)
      }
      await driver.submit({ type: 'forget', connection, client, forget: message, stored })
    }
  }
}
