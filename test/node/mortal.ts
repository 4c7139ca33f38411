import { sat } from '../../src/base/index.ts'
import { scriptFromAddress } from '../../src/bitcoin/index.ts'
import type { SeedPhrase } from '../../src/keys/index.ts'
import { type BookendNode, createNode, type PipeHub, pipe, regtest } from '../../src/node/index.ts'
import type { Store, StoreWrite } from '../../src/ports/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import { memoryStore } from '../../src/storage/index.ts'

/** What is left of the commit at which a process dies: a real batch is stored as a whole, or not at all. */
export type Remains = 'nothing' | 'all'

export interface Death {
  /** Counted from 1 over the whole life of the node. */
  readonly commit: number
  readonly remains: Remains
}

/** A whole node that dies once, at one of its commits, and the user beside it who starts it again. */
export class Mortal {
  readonly name: string
  readonly #stage: { readonly chain: RegtestChain; readonly hub: PipeHub; readonly phrase: SeedPhrase }
  readonly #death: Death | undefined
  #memory = memoryStore()
  #node: BookendNode | undefined
  #starting: Promise<BookendNode> | undefined
  #dead = false
  commits = 0
  deaths = 0

  constructor(name: string, stage: { chain: RegtestChain; hub: PipeHub; phrase: SeedPhrase }, death?: Death) {
    this.name = name
    this.#stage = stage
    this.#death = death
  }

  get address() {
    return { host: this.name, port: 9735 }
  }

  /** The process that runs now, begun anew where the last one has died. */
  async node(): Promise<BookendNode> {
    if (this.#node !== undefined && !this.#dead) return this.#node
    this.#starting ??= this.#startAgain().finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  async #startAgain(): Promise<BookendNode> {
    await this.#node?.stopped.catch(() => undefined)
    this.#node = undefined
    for (;;) {
      this.#dead = false
      try {
        this.#node = await this.#start()
        return this.#node
      } catch (error) {
        // It may die while it starts.
        if (!this.#dead) throw error
      }
    }
  }

  /** What the user wants of it, asked again until it is answered: after a death, or where it is not possible yet. */
  async ask<T>(what: (node: BookendNode) => Promise<T>, again: (error: unknown) => boolean = () => false): Promise<T> {
    for (let tries = 0; ; tries++) {
      const node = await this.node()
      try {
        return await what(node)
      } catch (error) {
        if (!this.#dead && (!again(error) || tries > 200)) throw error
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    }
  }

  async fund(amount: bigint): Promise<void> {
    const { address } = await this.ask(node => node.newAddress())
    const script = scriptFromAddress(address, 'regtest')
    if (!script.ok) throw new Error(script.error.message)
    const funded = this.#stage.chain.fund(script.value, sat(amount))
    if (!funded.ok) throw new Error(funded.error.reason)
  }

  async stop(): Promise<void> {
    await (await this.node()).stop()
  }

  #start(): Promise<BookendNode> {
    const { chain, hub, phrase } = this.#stage
    return createNode({
      chain: regtest(chain),
      net: pipe({ hub, listen: this.address }),
      store: this.#store(),
      phrase,
      birthHeight: 0,
      limits: { peer: { minBackoffMs: 1, maxBackoffMs: 10, stableAfterMs: 0 } },
    })
  }

  /** Each process has a store of its own over what the one before it left. */
  #store(): Store {
    const memory = memoryStore(this.#memory.snapshot())
    this.#memory = memory
    return { ...memory, commit: writes => this.#commit(memory, writes) }
  }

  async #commit(memory: Store, writes: readonly StoreWrite[]): Promise<void> {
    if (this.#dead) throw new Error(`${this.name} is dead`)
    this.commits += 1
    if (this.commits !== this.#death?.commit) return memory.commit(writes)
    if (this.#death.remains === 'all') await memory.commit(writes)
    this.#dead = true
    this.deaths += 1
    throw new Error(`${this.name} dies at its commit ${this.commits}`)
  }
}
