import type { NodeId } from '../../base/index.ts'
import type { NumberedEvent } from '../../engine/index.ts'
import type { BookendNode } from '../../node/index.ts'
import type { NetAddress } from '../../ports/index.ts'
import type { Machine } from './machine.ts'
import { PORT } from './net.ts'

type Of<Verb extends keyof BookendNode> = BookendNode[Verb]
type Events = NonNullable<Parameters<BookendNode['events']>[0]>

/**
 * A node of the world as an application holds it: whatever process runs there now. Where none does, and where the process crashes
 * before it has answered, a call rejects with the code `stopped`. As with a client of the HTTP API, `events` goes on over restarts.
 */
export class WorldNode implements BookendNode {
  readonly name: string
  readonly nodeId: NodeId
  readonly network = 'regtest'
  /** Where the other nodes of the world reach it. */
  readonly address: NetAddress
  readonly #machine: Machine
  /** Told at each call. */
  readonly #used: () => void

  constructor(machine: Machine, used: () => void) {
    this.name = machine.name
    this.nodeId = machine.id
    this.address = { host: machine.name, port: PORT }
    this.#machine = machine
    this.#used = used
  }

  /** It runs now. */
  get isUp(): boolean {
    return this.#machine.node !== undefined
  }

  get listening(): NetAddress | undefined {
    return this.#machine.node?.listening
  }

  /** Resolves when it runs: at once, or after a restart. */
  whenUp(): Promise<void> {
    this.#used()
    return this.#machine.up()
  }

  /**
   * Its process ends in this instant. With `keepsLast`, what the disk was writing is kept. It starts again after `downMs` milliseconds,
   * or by `restart`.
   */
  crash({ keepsLast = false, downMs }: { readonly keepsLast?: boolean; readonly downMs?: number } = {}): void {
    this.#machine.crash({ keepsLast, downMs })
  }

  /** Starts it where it does not run. Resolves when it runs. */
  restart(): Promise<void> {
    this.#machine.start()
    return this.whenUp()
  }

  /** Resolves when the process that runs now is gone, by whatever way. */
  get stopped(): Promise<void> {
    return this.#machine.over.then(() => undefined)
  }

  /** In good order, until `restart`. */
  stop(): Promise<void> {
    return this.#machine.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  events({ after, signal }: Events = {}): AsyncIterable<NumberedEvent> {
    this.#used()
    return this.#eventsFrom(after ?? this.#machine.lastEvent, signal)
  }

  readonly info: Of<'info'> = () => this.#call(node => node.info())
  readonly newAddress: Of<'newAddress'> = () => this.#call(node => node.newAddress())
  readonly balance: Of<'balance'> = () => this.#call(node => node.balance())
  readonly send: Of<'send'> = request => this.#call(node => node.send(request))
  readonly connect: Of<'connect'> = request => this.#call(node => node.connect(request))
  readonly disconnect: Of<'disconnect'> = request => this.#call(node => node.disconnect(request))
  readonly peers: Of<'peers'> = () => this.#call(node => node.peers())
  readonly openChannel: Of<'openChannel'> = request => this.#call(node => node.openChannel(request))
  readonly channels: Of<'channels'> = request => this.#call(node => node.channels(request))
  readonly channel: Of<'channel'> = request => this.#call(node => node.channel(request))
  readonly explainChannel: Of<'explainChannel'> = request => this.#call(node => node.explainChannel(request))
  readonly closeChannel: Of<'closeChannel'> = request => this.#call(node => node.closeChannel(request))
  readonly createInvoice: Of<'createInvoice'> = request => this.#call(node => node.createInvoice(request))
  readonly settleInvoice: Of<'settleInvoice'> = request => this.#call(node => node.settleInvoice(request))
  readonly cancelInvoice: Of<'cancelInvoice'> = request => this.#call(node => node.cancelInvoice(request))
  readonly invoices: Of<'invoices'> = request => this.#call(node => node.invoices(request))
  readonly invoice: Of<'invoice'> = request => this.#call(node => node.invoice(request))
  readonly decodeInvoice: Of<'decodeInvoice'> = request => this.#call(node => node.decodeInvoice(request))
  readonly pay: Of<'pay'> = request => this.#call(node => node.pay(request))
  readonly routes: Of<'routes'> = request => this.#call(node => node.routes(request))
  readonly payments: Of<'payments'> = request => this.#call(node => node.payments(request))
  readonly payment: Of<'payment'> = request => this.#call(node => node.payment(request))
  readonly policies: Of<'policies'> = () => this.#call(node => node.policies())
  readonly setPolicy: Of<'setPolicy'> = request => this.#call(node => node.setPolicy(request))
  readonly backup: Of<'backup'> = () => this.#call(node => node.backup())
  readonly createToken: Of<'createToken'> = request => this.#call(node => node.createToken(request))
  readonly graphSummary: Of<'graphSummary'> = () => this.#call(node => node.graphSummary())
  readonly graph: Of<'graph'> = request => this.#call(node => node.graph(request))
  readonly graphNode: Of<'graphNode'> = request => this.#call(node => node.graphNode(request))
  readonly tokens: Of<'tokens'> = () => this.#call(node => node.tokens())
  readonly revokeToken: Of<'revokeToken'> = request => this.#call(node => node.revokeToken(request))
  readonly tokenOf: Of<'tokenOf'> = secret => this.#call(node => node.tokenOf(secret))

  #call<T>(act: (node: BookendNode) => Promise<T>): Promise<T> {
    this.#used()
    return this.#machine.call(act)
  }

  async *#eventsFrom(after: number, signal: AbortSignal | undefined): AsyncGenerator<NumberedEvent, void, undefined> {
    let reached = after
    const aborted = Promise.withResolvers<'over'>()
    const abort = () => aborted.resolve('over')
    const isOver = () => signal?.aborted === true || this.#machine.isStopped
    signal?.addEventListener('abort', abort)
    try {
      while (!isOver()) {
        const { node } = this.#machine
        if (node === undefined) {
          await Promise.race([this.#machine.up(), aborted.promise])
          continue
        }
        const { over } = this.#machine
        const iterator = node.events({ after: reached, ...(signal && { signal }) })[Symbol.asyncIterator]()
        for (;;) {
          // Where the process is gone, the next one goes on.
          const next = await Promise.race([iterator.next().catch(ended), over, aborted.promise])
          if (next === 'over' || next.done) break
          reached = next.value.number
          yield next.value
        }
        if (!isOver()) await over
      }
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }
}

/** Where the node ends while it is read from. */
const ended = (): 'over' => 'over'
