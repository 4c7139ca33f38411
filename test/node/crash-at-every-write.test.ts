import { expect, test } from 'vitest'
import { BookendError, msat, sat, utf8Encode } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { seedPhraseFromEntropy } from '../../src/keys/index.ts'
import { type BookendNode, type ChannelInfo, PipeHub } from '../../src/node/index.ts'
import { createRegtestChain } from '../../src/regtest/index.ts'
import { type Death, Mortal } from './mortal.ts'

// Two whole nodes, and a process that ends before, during or after each commit of the whole life of a channel: what the store holds then
// is all of that commit or nothing of it, and nothing of what was to follow is carried out. The node starts again from its store, its
// user asks again what was not answered, and at the end every payment was made once, the channel was closed by both, and no satoshi is
// missing.
//
// By default a sample of the commits. BOOKEND_ALL_WRITES=1 takes all of them.

const CAPACITY = 1_000_000n
const COINS = 2_000_000n
type Name = 'alice' | 'bob'

/** Who pays what, by invoice or without: in thousands of millisatoshi. Those of one row at the same time. */
const PAYMENTS: readonly (readonly { readonly from: Name; readonly amount: bigint; readonly keysend?: true }[])[] = [
  [{ from: 'alice', amount: 300_000n }],
  [
    { from: 'bob', amount: 40_000n, keysend: true },
    { from: 'alice', amount: 7_001n },
  ],
  [
    { from: 'alice', amount: 5_000n, keysend: true },
    { from: 'alice', amount: 6_000n },
    { from: 'bob', amount: 250n },
  ],
]

const PHRASES = {
  alice: seedPhraseFromEntropy(sha256(utf8Encode('mortal alice'))),
  bob: seedPhraseFromEntropy(sha256(utf8Encode('mortal bob'))),
}

class Life {
  readonly chain = createRegtestChain()
  readonly nodes: Readonly<Record<Name, Mortal>>

  constructor(death?: Death & { readonly who: Name }) {
    const hub = new PipeHub()
    const mortal = (name: Name) =>
      new Mortal(name, { chain: this.chain, hub, phrase: PHRASES[name] }, death?.who === name ? death : undefined)
    this.nodes = { alice: mortal('alice'), bob: mortal('bob') }
  }

  async live(): Promise<void> {
    // Who pays waits for who is paid: somebody has to start that one again meanwhile.
    const awake = setInterval(() => this.#wakeBoth(undefined), 20)
    try {
      await this.#live()
    } finally {
      clearInterval(awake)
    }
  }

  async #live(): Promise<void> {
    const { alice, bob } = this.nodes
    await bob.node()
    await alice.fund(COINS)
    await this.#both(
      () => alice,
      async node => (await node.balance()).onchainConfirmedSat === COINS,
    )
    const { fundingOutpoint, channelId } = await this.#open()
    await this.#mine(3)
    for (const side of [alice, bob])
      await this.#both(
        () => side,
        async node => (await openOf(node))?.usable === true,
      )
    const hashes: string[] = []
    for (const [row, payments] of PAYMENTS.entries()) {
      const paid = await Promise.all(payments.map((payment, index) => this.#pay(payment, `${row}-${index}`)))
      hashes.push(...paid)
    }
    const paidBy = (name: Name) =>
      PAYMENTS.flat()
        .filter(({ from }) => from === name)
        .reduce((sum, { amount }) => sum + amount, 0n)
    const expected = 1000n * (paidBy('alice') - paidBy('bob'))
    await this.#both(
      () => bob,
      async node => (await openOf(node))?.localMsat === expected && (await openOf(node))?.htlcs === 0,
    )
    await this.#both(
      () => alice,
      async node => (await openOf(node))?.localMsat === 1000n * CAPACITY - expected,
    )
    await this.#books(hashes)

    await alice.ask(node => node.closeChannel({ channelId }), notNow)
    await this.#both(
      () => alice,
      async () => this.chain.spendingTx(fundingOutpoint) !== undefined,
    )
    await this.#mine(8)
    for (const side of [alice, bob]) {
      await this.#both(
        () => side,
        async node => (await node.channels()).every(({ channelId: id }) => id !== channelId),
      )
    }
    await this.#coins(fundingOutpoint, expected / 1000n)
    for (const side of [alice, bob]) await this.#onlyAgreed(side)
    await this.#books(hashes)
    await alice.stop()
    await bob.stop()
  }

  /** Alice has one channel in the end, whoever died over it and however often it was asked for. */
  async #open() {
    const { alice, bob } = this.nodes
    const peer = { nodeId: (await bob.node()).nodeId, address: bob.address }
    const opened = await alice.ask(
      node => node.openChannel({ peer, capacitySat: sat(CAPACITY), idempotencyKey: 'the-channel' }),
      error => this.#wakeBoth(error),
    )
    const channels = await alice.ask(node => node.channels({ closed: true }))
    expect(channels.map(({ channelId }) => channelId)).toEqual([opened.channelId])
    return opened
  }

  /** Another try where the other side was not there, which is begun anew meanwhile. */
  #wakeBoth(error: unknown): boolean {
    for (const node of Object.values(this.nodes)) node.node().catch(() => undefined)
    return error instanceof BookendError && ['peer_unreachable', 'peer_refused', 'timeout'].includes(error.code)
  }

  async #pay({ from, amount, keysend }: (typeof PAYMENTS)[number][number], key: string): Promise<string> {
    const [payer, payee] = from === 'alice' ? [this.nodes.alice, this.nodes.bob] : [this.nodes.bob, this.nodes.alice]
    const amountMsat = msat(amount * 1000n)
    const nodeId = (await payee.node()).nodeId
    const invoice = keysend ? undefined : (await payee.ask(node => node.createInvoice({ amountMsat }))).invoice
    const asked = invoice === undefined ? { nodeId, amountMsat } : { invoice }
    const payment = await payer.ask(
      node => node.pay({ ...asked, idempotencyKey: key }),
      error => {
        this.#wakeBoth(error)
        return error instanceof BookendError && error.code === 'payment_failed' && error.facts.reason === 'no_channel'
      },
    )
    expect(payment).toMatchObject({ status: 'succeeded', amountMsat })
    return payment.paymentHash
  }

  /** Every payment once, on both sides, and no other. */
  async #books(hashes: readonly string[]): Promise<void> {
    for (const name of ['alice', 'bob'] as const) {
      const payments = await this.nodes[name].ask(node => node.payments())
      const all = PAYMENTS.flat().map(({ from, amount }, index) => ({
        paymentHash: hashes[index],
        direction: from === name ? 'sent' : 'received',
        amountMsat: 1000n * amount,
        status: 'succeeded',
      }))
      const made = payments
        .filter(({ status }) => status !== 'failed')
        .map(({ paymentHash, direction, amountMsat, status }) => ({ paymentHash, direction, amountMsat, status }))
      const byHash = (a: { paymentHash?: string | undefined }, b: { paymentHash?: string | undefined }) =>
        (a.paymentHash ?? '') < (b.paymentHash ?? '') ? -1 : 1
      expect(made.sort(byHash)).toEqual(all.sort(byHash))
    }
  }

  /** What Bob was paid is his and the rest is Alice's, but for the fees of the two transactions. */
  async #coins(fundingOutpoint: Parameters<Life['chain']['spendingTx']>[0], bobSat: bigint): Promise<void> {
    const funding = this.chain.transaction(fundingOutpoint.txid)?.tx
    const closing = this.chain.spendingTx(fundingOutpoint)?.tx
    if (funding === undefined || closing === undefined) throw new Error('both are on the chain')
    const total = ({ outputs }: typeof funding) => outputs.reduce((sum, { amountSat }) => sum + amountSat, 0n)
    const [fundingFee, closingFee] = [COINS - total(funding), CAPACITY - total(closing)]
    const { alice, bob } = this.nodes
    const [alices, bobs] = [await alice.ask(node => node.balance()), await bob.ask(node => node.balance())]
    // Each offers a close at its own cost, and either may be the one.
    const burden = bobSat - bobs.onchainConfirmedSat
    expect([0n, closingFee]).toContain(burden)
    expect(alices.onchainConfirmedSat).toBe(COINS - bobSat - fundingFee - (closingFee - burden))
    expect(alices.onchainUnconfirmedSat + bobs.onchainUnconfirmedSat).toBe(0n)
    expect(alices.channelLocalMsat).toBe(0n)
    expect(txid(closing)).not.toBe(txid(funding))
  }

  /** No commitment ever got to the chain. */
  async #onlyAgreed(side: Mortal): Promise<void> {
    const kinds: string[] = []
    const numbers: number[] = []
    const node = await side.node()
    const { lastEvent } = await node.info()
    for await (const { number, event } of node.events({ after: 0 })) {
      numbers.push(number)
      if (event.type === 'channel_onchain') kinds.push(event.kind)
      if (number === lastEvent) break
    }
    expect(new Set(kinds)).toEqual(new Set(['mutual_close_confirmed', 'resolved']))
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1))
  }

  async #mine(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.chain.mine(1)
      const { height } = this.chain
      for (const side of Object.values(this.nodes)) {
        await this.#both(
          () => side,
          async node => (await node.info()).blockHeight === height,
        )
      }
    }
  }

  /** Waits until it holds of a side, while both are kept alive. */
  async #both(of: () => Mortal, holds: (node: BookendNode) => Promise<boolean>): Promise<void> {
    for (let i = 0; i < 2_000; i++) {
      for (const each of Object.values(this.nodes)) await each.node()
      if (await of().ask(holds)) return
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    const states = await Promise.all(Object.values(this.nodes).map(async each => (await each.node()).channels()))
    throw new Error(
      `it never comes to hold: ${JSON.stringify(states, (_, part) => (typeof part === 'bigint' ? `${part}` : part))}`,
    )
  }
}

async function openOf(node: BookendNode): Promise<ChannelInfo | undefined> {
  return (await node.channels()).find(({ state }) => state === 'normal')
}

const notNow = (error: unknown) => error instanceof BookendError && error.code === 'not_possible_now'

const all = process.env.BOOKEND_ALL_WRITES !== undefined
const STRIDE = all ? 1 : 7

test('the whole life without a death', async () => {
  const life = new Life()
  await life.live()
  expect(life.nodes.alice.commits).toBeGreaterThan(30)
})

/** Lives side by side: each waits more than it works. */
const AT_ONCE = 3

test.each(['alice', 'bob'] as const)(
  '%s dies at a commit',
  async who => {
    const dry = new Life()
    await dry.live()
    const last = dry.nodes[who].commits
    const deaths: Death[] = []
    for (const [offset, remains] of (['nothing', 'all'] as const).entries()) {
      for (let commit = 1 + (all ? 0 : offset * 3); commit <= last; commit += STRIDE) deaths.push({ commit, remains })
    }
    const total = deaths.length
    let died = 0
    const worker = async () => {
      for (let death = deaths.pop(); death !== undefined; death = deaths.pop()) {
        const { commit, remains } = death
        const life = new Life({ who, ...death })
        await life.live().catch(error => {
          const words = `${who} died at commit ${commit} of which ${remains} was stored: ${error.message}`
          throw new Error(words, { cause: error })
        })
        died += life.nodes[who].deaths
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    // The number of commits depends on how inputs happen to share turns, so the last few may not be reached.
    expect(died).toBeGreaterThan(total * 0.7)
    if (all) console.info(`${who}: ${died} of ${total} lives had a death in them, at ${last} commits`)
  },
  all ? 3 * 3_600_000 : undefined,
)
