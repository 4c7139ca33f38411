import { type BlockHash, fromHex, type NodeId } from '../../base/index.ts'
import { TOWER_JOBS } from '../../engine/index.ts'
import type { Connection, ConnectionListener, NetAddress, Network, Store, Timers } from '../../ports/index.ts'
import { decodeTowerMessage, encodeTowerMessage, TOWER_VERSION, type TowerMessage } from '../../watchtower/index.ts'
import type { LogLine } from '../options.ts'

export interface TowerClientOptions {
  readonly tower: { readonly nodeId: NodeId; readonly address: NetAddress }
  readonly network: Network
  readonly chainHash: BlockHash
  readonly store: Pick<Store, 'loadPage'>
  readonly timers: Timers
  readonly log: (line: LogLine) => void
  /** What the tower is to hear of a job, as it is in the store. */
  readonly messagesOf: (sequence: number, bytes: Uint8Array) => readonly TowerMessage[]
  /** Up to which job the tower has all, by what is durable. */
  readonly acked: () => number
  /** How many jobs it does not have yet. */
  readonly waiting: () => number
  /** It has more now. Resolves when that is durable. */
  readonly onAcked: (sequence: number) => Promise<void>
}

/** A job that was given to the tower, or for which there is nothing to give. */
interface Given {
  readonly sequence: number
  isDone: boolean
}

/** Jobs that a tower has not acknowledged yet: what a loss of the connection sends again. */
const MAX_JOBS_IN_FLIGHT = 16
/** From the last word of ours to an acknowledgement. */
const ACK_TIMEOUT_MS = 30_000
const MIN_BACKOFF_MS = 1_000
const MAX_BACKOFF_MS = 60_000
/** A tower that says no may say yes when its owner has changed something. */
const REFUSED_RETRY_MS = 600_000
/** What is not with the tower yet is not watched: from so many jobs on they go first. */
const MANY_JOBS = 1_000
const REST_MS_PER_KIB = { usual: 3, behind: 0.5 }
/** Of a job's key, the number. */
const sequenceOf = (key: string): number => Number(key.slice(TOWER_JOBS.length))

/**
 * Gives one tower what it is to have, in order, and again until it says that it has it. What is to be said is made and signed between other
 * work: whatever else the node does comes first.
 */
export class TowerClient {
  readonly #options: TowerClientOptions
  readonly #stop = new AbortController()
  #connection: Connection | undefined
  /** The tower has said who it is. */
  #isReady = false
  #given: Given[] = []
  /** The last job that was given over this connection. */
  #last: number | undefined
  #attempts = 0
  #callOffRetry: (() => void) | undefined
  #callOffTimeout: (() => void) | undefined
  #pumping = false
  #again = false
  /** In its own words. */
  #refusal: string | undefined

  constructor(options: TowerClientOptions) {
    this.#options = options
  }

  get nodeId(): NodeId {
    return this.#options.tower.nodeId
  }

  get connected(): boolean {
    return this.#isReady
  }

  /** Why the tower keeps no more, in its words. */
  get refusal(): string | undefined {
    return this.#refusal
  }

  start(): void {
    void this.#dial()
  }

  /** There may be new jobs. */
  look(): void {
    this.#again = true
    if (!this.#pumping) void this.#pump()
  }

  stop(): void {
    this.#stop.abort()
    this.#callOffRetry?.()
    this.#callOffTimeout?.()
    this.#connection?.close()
  }

  async #dial(): Promise<void> {
    const { network, tower } = this.#options
    try {
      const to = { ...tower.address, nodeId: tower.nodeId }
      await network.dial(to, connection => this.#connected(connection), this.#stop.signal)
    } catch (error) {
      this.#lost(error instanceof Error ? error.message : String(error))
    }
  }

  #connected(connection: Connection): ConnectionListener {
    this.#connection = connection
    const chainHash = fromHex(this.#options.chainHash)
    connection.send([encodeTowerMessage({ type: 'tower_hello', version: TOWER_VERSION, chainHash })])
    return {
      onMessages: async messages => {
        for (const bytes of messages) await this.#hear(bytes)
      },
      onEnd: reason => this.#lost(reason),
    }
  }

  async #hear(bytes: Uint8Array): Promise<void> {
    const decoded = decodeTowerMessage(bytes)
    const message = decoded.ok ? decoded.value : undefined
    switch (message?.type) {
      case 'tower_hello':
        this.#isReady = true
        this.#refusal = undefined
        this.#attempts = 0
        this.look()
        return
      case 'tower_ack':
        await this.#acked(message.sequence)
        return
      case 'tower_refuse':
        this.#refused(message.reason)
        return
      default:
        // What no tower says: a peer that is none.
        if (!decoded.ok || message !== undefined) this.#connection?.close()
    }
  }

  async #acked(sequence: number): Promise<void> {
    // What comes behind a refusal is not whole.
    if (!this.#isReady) return
    for (const given of this.#given) if (given.sequence <= sequence) given.isDone = true
    await this.#settle()
    this.#watchForAck()
    this.look()
  }

  /** What is done from the oldest on is told, and asked for no more. */
  async #settle(): Promise<void> {
    const open = this.#given.findIndex(({ isDone }) => !isDone)
    const done = open < 0 ? this.#given.splice(0) : this.#given.splice(0, open)
    const last = done.at(-1)
    if (last !== undefined) await this.#options.onAcked(last.sequence)
  }

  #refused(reason: string): void {
    this.#refusal = reason
    this.#isReady = false
    this.#given = []
    this.#options.log({ level: 'warn', message: `Watchtower ${this.nodeId} keeps no more: ${reason}.` })
    this.#connection?.close()
  }

  #lost(reason: string): void {
    const wasReady = this.#isReady
    this.#isReady = false
    this.#connection = undefined
    this.#given = []
    this.#last = undefined
    this.#callOffTimeout?.()
    if (this.#stop.signal.aborted) return
    const { log, timers } = this.#options
    if (wasReady || this.#attempts === 0) {
      const message = `Watchtower ${this.nodeId} is not there: ${reason} What it is to have is kept until it is.`
      log({ level: 'warn', message })
    }
    const backoff = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** this.#attempts)
    this.#attempts = Math.min(this.#attempts + 1, 10)
    const pause = this.#refusal === undefined ? backoff : REFUSED_RETRY_MS
    this.#callOffRetry = timers.after(pause, () => void this.#dial(), { background: true })
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      while (this.#again && !this.#stop.signal.aborted) {
        this.#again = false
        await this.#giveMore()
      }
    } catch (error) {
      // The store has ended, and with it the node; or a record is damaged, and nothing behind it may be called stored.
      this.#options.log({ level: 'warn', message: `Nothing more goes to watchtower ${this.nodeId}: ${error}` })
    } finally {
      this.#pumping = false
    }
  }

  async #giveMore(): Promise<void> {
    const { store, messagesOf, acked, timers } = this.#options
    const room = MAX_JOBS_IN_FLIGHT - this.#given.length
    const connection = this.#connection
    if (!this.#isReady || connection === undefined || room <= 0) return
    const last = this.#last ?? acked()
    const after = `${TOWER_JOBS}${String(last).padStart(16, '0')}`
    const jobs = await store.loadPage(TOWER_JOBS, { after, limit: room })
    for (const [key, bytes] of jobs) {
      await new Promise<void>(resolve => timers.whenIdle(resolve))
      if (this.#connection !== connection || !this.#isReady) return
      const sequence = sequenceOf(key)
      const messages = messagesOf(sequence, bytes)
      this.#given.push({ sequence, isDone: messages.length === 0 })
      this.#last = sequence
      if (messages.length === 0) continue
      const encoded = messages.map(encodeTowerMessage)
      const size = encoded.reduce((sum, { length }) => sum + length, 0)
      connection.send(encoded)
      await this.#rest(size)
    }
    await this.#settle()
    if (jobs.size > 0) this.#watchForAck()
    if (jobs.size === room) this.#again = true
  }

  /** Signing takes some 0.4 ms for each KiB that comes of it: for several times as long the processor is left to others, unless too much waits. */
  #rest(size: number): Promise<void> {
    const { timers, waiting } = this.#options
    const perKib = waiting() > MANY_JOBS ? REST_MS_PER_KIB.behind : REST_MS_PER_KIB.usual
    return new Promise(resolve => {
      timers.after((size / 1024) * perKib, resolve, { background: true })
    })
  }

  /** A connection that is half open says nothing: it is given up, and another one made. */
  #watchForAck(): void {
    this.#callOffTimeout?.()
    this.#callOffTimeout = undefined
    if (this.#given.length === 0) return
    this.#callOffTimeout = this.#options.timers.after(ACK_TIMEOUT_MS, () => this.#connection?.close(), {
      background: true,
    })
  }
}
