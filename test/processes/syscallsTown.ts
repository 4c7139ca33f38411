import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type BookendClient, createClient, type OpenedJson, serveApi } from '../../src/api/index.ts'
import { BookendError } from '../../src/base/index.ts'
import { seedPhraseFromEntropy } from '../../src/keys/index.ts'
import { type BookendNode, createNode, tcp } from '../../src/node/index.ts'
import {
  COINBASE_MATURITY,
  chainPort,
  createRegtestChain,
  type RegtestChain,
  restoreRegtestChain,
  serveRegtestRpc,
} from '../../src/regtest/index.ts'
import { memoryStore } from '../../src/storage/index.ts'
import { newFolder } from '../cli/regtestProcess.ts'
import { type Rpc, rpcAt } from '../regtest/rpcClient.ts'
import { freePort } from './daemon.ts'
import type { Paid, Party } from './payments.ts'
import type { Random } from './random.ts'
import { Alice } from './syscallsAlice.ts'
import type { Pair } from './town.ts'

// Alice is a process, and everyone else lives here: Bob's node and the chain, so that all of them can be set back to a milestone.

/** What has happened so far. */
export interface Life {
  readonly opened?: OpenedJson
  readonly paid: readonly Paid[]
}

/** Everything that there is in one instant. */
export interface Milestone {
  readonly life: Life
  readonly chain: Uint8Array
  readonly bob: ReadonlyMap<string, Uint8Array>
  /** A copy of Alice's directory; absent where she has none yet. */
  readonly alice: string | undefined
}

interface World {
  readonly chain: RegtestChain
  readonly rpc: Rpc['call']
  readonly node: BookendNode
  readonly client: BookendClient
  /** Resolves with Bob's records. */
  readonly close: () => Promise<ReadonlyMap<string, Uint8Array>>
}

const HOST = '127.0.0.1'
const USER = 'bookend'

export class SmallTown implements Pair {
  readonly alice = new Alice(join(newFolder(), 'alice'))
  readonly bob: Party & { readonly address: { readonly host: string; readonly port: number } }
  readonly chain = {
    rpc: { call: (method: string, ...params: readonly unknown[]) => this.#living.rpc(method, ...params) },
  }
  readonly #port: number
  readonly #entropy: Uint8Array
  #world: World | undefined
  #givenUp: string | undefined
  #url = ''

  /** `number`: towns beside each other have Bobs of their own, so that no Alice meets one who knows better. */
  static async found(number: number, random: Random): Promise<{ readonly town: SmallTown; readonly first: Milestone }> {
    const chain = createRegtestChain()
    chain.mine(COINBASE_MATURITY + 1)
    const town = new SmallTown(number, await freePort(random))
    return { town, first: { life: { paid: [] }, chain: chain.save(), bob: new Map(), alice: undefined } }
  }

  private constructor(number: number, port: number) {
    this.#port = port
    this.#entropy = new Uint8Array(32).fill(number)
    const living = (): World => this.#living
    this.bob = {
      name: 'bob',
      address: { host: HOST, port },
      get nodeId() {
        return living().node.nodeId
      },
      get client() {
        return living().client
      },
    }
  }

  mine(count: number): void {
    this.#living.chain.mine(count)
  }

  /** Nobody waits any more: neither for Alice, nor for Bob, who may wait for her. */
  giveUp(reason: string): void {
    this.#givenUp = reason
    this.alice.giveUp(reason)
    this.#world?.node.stop().catch(() => undefined)
  }

  /** Sets everything back, and starts Alice as the first or the next process on her directory. */
  async begin(milestone: Milestone, under: readonly string[]): Promise<void> {
    await this.end()
    this.#givenUp = undefined
    const chain = restoreRegtestChain(milestone.chain)
    if (!chain.ok) throw new Error(chain.error.message)
    this.#world = await this.#build(chain.value, milestone.bob)
    rmSync(this.alice.dataDir, { recursive: true, force: true })
    if (milestone.alice !== undefined) copyDirectory(milestone.alice, this.alice.dataDir)
    this.alice.begin(this.#url, under)
  }

  /** Kills Alice in this instant, so that her log is left as the dead leave it, and keeps what everyone has. */
  async end(): Promise<ReadonlyMap<string, Uint8Array>> {
    await this.alice.kill()
    const world = this.#world
    this.#world = undefined
    return world === undefined ? new Map() : world.close()
  }

  async milestone(life: Life): Promise<Milestone> {
    const { chain } = this.#living
    const bob = await this.end()
    const copy = join(newFolder(), 'alice')
    if (existsSync(this.alice.dataDir)) copyDirectory(this.alice.dataDir, copy)
    return { life, chain: chain.save(), bob, alice: existsSync(copy) ? copy : undefined }
  }

  get #living(): World {
    if (this.#givenUp !== undefined) throw new Error(this.#givenUp)
    if (this.#world === undefined) throw new BookendError('stopped', 'There is no world now.', { advice: 'Begin one.' })
    return this.#world
  }

  async #build(chain: RegtestChain, records: ReadonlyMap<string, Uint8Array>): Promise<World> {
    const now = (): number => Math.floor(Date.now() / 1000)
    const served = await serveRegtestRpc({ chain, port: 0, user: USER, password: USER, now })
    if (!served.ok) throw new Error(served.error)
    const { url, port } = served.value
    this.#url = `http://${USER}:${USER}@${HOST}:${port}`
    const store = memoryStore(records)
    const node = await createNode({
      phrase: seedPhraseFromEntropy(this.#entropy),
      chain: chainPort(chain),
      store,
      net: tcp({ host: HOST, port: this.#port }),
    })
    const adminSecret = 'b'.repeat(64)
    const api = await serveApi({
      node,
      listen: { host: HOST, port: 0 },
      adminSecret,
      onStop: () => {},
      version: 'test',
    })
    return {
      chain,
      rpc: rpcAt(url, USER, USER).call,
      node,
      client: createClient({ url: api.url, token: adminSecret }),
      close: async () => {
        // First the node, so that calls that wait for Alice end.
        await node.stop()
        await api.close()
        await served.value.close()
        return store.snapshot()
      },
    }
  }
}

/** With its mode, since a daemon takes no directory that is open to others. */
function copyDirectory(from: string, to: string): void {
  cpSync(from, to, { recursive: true })
  chmodSync(to, 0o700)
}
