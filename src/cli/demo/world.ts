import { setImmediate as breathe } from 'node:timers/promises'
import { assert, type Txid, utf8Encode } from '../../base/index.ts'
import { txid } from '../../bitcoin/index.ts'
import { isPeerMessage, type PeerMessage } from '../../channel/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { createRegtestChain, type RegtestChain } from '../../regtest/index.ts'
import { decodeMessage } from '../../wire/index.ts'
import { WALLET_COINS_SAT } from './constants.ts'
import { type LinkEvent, type Name, Party, type Published } from './party.ts'
import type { DemoReport } from './report.ts'

// The stage of the demo: one chain, Alice and Bob, and a wire between them that carries bytes and can be cut.

const MESSAGES_PER_BREATH = 100

type StoryLine = DemoReport['story'][number]
type Listener = (who: Name, event: LinkEvent) => void

export class World {
  readonly chain: RegtestChain = createRegtestChain()
  readonly alice: Party
  bob: Party
  /** What was published for the channel, the first publication of each transaction. */
  readonly published = new Map<Txid, Published>()
  readonly story: StoryLine[] = []
  messages = 0
  bytes = 0
  #wire: 'up' | 'cut' = 'cut'
  readonly #listeners = new Set<Listener>()
  #failure: { readonly reason: unknown } | undefined

  constructor() {
    this.alice = this.#party('alice')
    this.bob = this.#party('bob')
    for (const party of [this.alice, this.bob]) {
      for (const amount of WALLET_COINS_SAT) {
        const funded = this.chain.fund(party.wallet.script, amount)
        assert(funded.ok, 'the miner of the demo has enough')
      }
    }
  }

  #party(name: Name, backup?: ReadonlyMap<string, Uint8Array>): Party {
    return new Party(
      {
        name,
        seed: sha256(utf8Encode(`bookend demo ${name}`)),
        chain: this.chain,
        send: bytes => this.#carry(name, bytes),
        onEvent: event => {
          for (const listener of this.#listeners) listener(name, event)
        },
        onPublish: published => this.#note(published),
        later: work => this.later(work),
      },
      backup,
    )
  }

  async #carry(from: Name, bytes: Uint8Array): Promise<void> {
    if (this.#wire === 'cut') return
    this.messages += 1
    this.bytes += bytes.length
    const to = from === 'alice' ? this.bob : this.alice
    this.later(to.driver.submit({ type: 'message', message: received(bytes) }))
    // Everything happens in this process and without waiting: now and then timers, signals and the terminal get their turn.
    if (this.messages % MESSAGES_PER_BREATH === 0) await breathe()
  }

  #note(published: Published): void {
    const id = txid(published.tx)
    if (!this.published.has(id)) this.published.set(id, published)
  }

  /** The result stops it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(who: StoryLine['who'], text: string): void {
    this.story.push({ height: this.chain.height, who, text })
  }

  async connect(): Promise<void> {
    this.#wire = 'up'
    await Promise.all([this.alice, this.bob].map(party => party.driver.submit({ type: 'connected' })))
    await this.settle()
  }

  /** Bob is gone: nothing reaches him, nothing comes from him, and he does not look at the chain. */
  async bobVanishes(): Promise<void> {
    this.#wire = 'cut'
    this.bob.leave()
    await this.alice.driver.submit({ type: 'disconnected' })
    await this.settle()
  }

  /** Bob comes back as he was when this backup was made. */
  bobReturnsFrom(backup: ReadonlyMap<string, Uint8Array>): void {
    this.#wire = 'cut'
    this.bob.leave()
    this.bob = this.#party('bob', backup)
  }

  /** Mines blocks one by one; after each, both sides do what it asks of them. */
  async mine(count = 1): Promise<void> {
    for (let mined = 0; mined < count; mined++) {
      this.chain.mine(1)
      await this.settle()
    }
  }

  /** Mines until something holds; the demo is wrong if that takes more than `limit` blocks. */
  async mineUntil(holds: () => boolean, limit: number): Promise<void> {
    for (let mined = 0; !holds(); mined++) {
      assert(mined < limit, `what the demo waits for did not happen within ${limit} blocks`)
      await this.mine()
    }
  }

  /** Something that nobody waits for: if it fails, `settle` says so. */
  later(work: Promise<unknown>): void {
    work.catch(reason => {
      this.#failure ??= { reason }
    })
  }

  /** Resolves when nobody has anything left to do. Rejects with the first thing that went wrong, whoever waited for it. */
  async settle(): Promise<void> {
    do {
      await this.alice.driver.idle()
      await this.bob.driver.idle()
    } while (this.alice.driver.busy || this.bob.driver.busy)
    if (this.#failure !== undefined) throw this.#failure.reason
  }
}

/** The end: every output is irrevocably resolved, as this side sees it. */
export function isClosed(party: Party): boolean {
  return party.driver.state.channel?.state === 'closed'
}

/** What the other side of the wire reads: two honest links send nothing else. */
function received(bytes: Uint8Array): PeerMessage {
  const decoded = decodeMessage(bytes)
  assert(decoded.ok && isPeerMessage(decoded.value), 'links speak about channels')
  return decoded.value
}
