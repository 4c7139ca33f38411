import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { err, feeratePerKw, sat } from '../../src/base/index.ts'
import type { Tx } from '../../src/bitcoin/index.ts'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { justiceFor } from '../../src/onchain/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import { type Random, randomOf } from '../../src/sim/random.ts'
import {
  archiveOf,
  destination,
  FORMATS,
  type Model,
  type ModelHtlc,
  makeModel,
  secrets,
  signedOf,
  viewOf,
} from '../onchain/fixture.ts'
import { EnforcerNode, mine, mineUntil } from '../onchain/node.ts'
import { alice, coinOf, spend, value } from '../regtest/support.ts'
import { breakingsOf } from './breaking.ts'
import type { FullNode } from './fullNode.ts'
import { chainBeside, FULL_NODES, Journal } from './journal.ts'

// What we publish to take what is ours is taken by a full node that we did not write, as it is by the embedded chain; and what is broken in
// one place is refused by both. Each history runs on the embedded chain, then block by block and claim by claim on the other.

/** Transactions that are tried. */
const WANTED = Number(process.env.BOOKEND_DIFFERENTIAL ?? 10_000)
const SEED = Number(process.env.BOOKEND_SEED ?? 1)
/** For each transaction that is published. */
const BREAKINGS_EACH = 12

interface Scene {
  readonly format: CommitmentFormat
  /** Whose commitment is on the chain, and whether it is revoked. */
  readonly ends: 'alice' | 'bob' | 'cheat'
  readonly random: Random
  readonly chain: RegtestChain
  readonly journal: Journal
}

function htlcsOf(random: Random, height: number): readonly ModelHtlc[] {
  return Array.from({ length: random.between(1, 5) }, (_, id) => ({
    offeredBy: random.pick(['alice', 'bob'] as const),
    id,
    amountSat: random.between(2_000, 60_000),
    cltvExpiry: height + random.between(8, 40),
    preimageSeed: random.between(0, 3),
    from: 1,
    until: 9,
  }))
}

/** What a tower would publish, at each feerate. */
function justiceOf(model: Model, { view }: EnforcerNode): readonly Tx[] {
  const revoked = { tx: signedOf(model, 'bob', 1), number: 1, htlcs: archiveOf(model, 'alice', 1) }
  const feerates = [253, 1_012, 4_048].map(feeratePerKw)
  const terms = { view, secrets: secrets.alice, destinationScript: destination('alice'), feerates }
  return justiceFor(revoked, terms).flatMap(({ transactions }) => transactions.map(({ tx }) => tx))
}

/** One end of a channel, to the last claim of both sides. */
function play({ format, ends, random, chain, journal }: Scene): void {
  const delays = { alice: random.between(4, 12), bob: random.between(4, 12) }
  const model = makeModel({ format, chain, delays, htlcs: height => htlcsOf(random, height) })
  const knows = model.htlcs.map(htlc => htlc.preimageSeed).filter(() => random.chance(0.7))
  const isCheat = ends === 'cheat'
  const alice = new EnforcerNode(
    model,
    'alice',
    viewOf(model, 'alice', isCheat ? 4 : 2, { knows, ...(ends === 'alice' && { publish: 'commitment' }) }),
  )
  const bob = new EnforcerNode(
    model,
    'bob',
    viewOf(model, 'bob', isCheat ? 1 : 2, { knows, ...(ends === 'bob' && { publish: 'commitment' }) }),
  )
  for (const side of [alice, bob]) {
    // As many as all claims may take: change does not come back here, as it does to a wallet.
    side.fundCoins(16)
    side.feerate = random.pick([1_000, 1_200, 4_000])
  }
  alice.start()
  bob.start()
  if (isCheat) {
    chain.mine(1, { transactions: [signedOf(model, 'bob', 1)] })
    for (const tx of justiceOf(model, alice)) {
      expect(chain.testAccept(tx).ok).toBe(true)
      journal.tries(tx, 'signed for a watchtower')
    }
  }
  const sides = isCheat ? [bob, alice] : [alice, bob]
  for (const side of sides) side.catchUp()
  // Some blocks hold nothing, so that what waits is bid for again.
  for (let i = 0; i < 6; i++) {
    for (const side of sides) side.feerate = random.pick([side.feerate, 1_000, 6_000])
    chain.mine(1, random.chance(0.5) ? { transactions: [] } : {})
    for (const side of sides) side.catchUp()
  }
  // What is not worth its claim in dear times waits for others.
  for (const side of sides) side.feerate = 1_000
  mineUntil(sides, () => alice.isResolved, 300)
  mine(sides, 1)
}

describe.each(FULL_NODES)('$name and the embedded chain', ({ start }) => {
  let node: FullNode
  beforeAll(async () => {
    node = await start()
  })
  afterAll(() => node.stop())

  it(`agree on each claim that we publish, and on ${WANTED} transactions that are good or broken in one place`, async () => {
    const random = randomOf(`full node ${SEED}`)
    const kinds = FORMATS.flatMap(format => (['alice', 'bob', 'cheat'] as const).map(ends => ({ format, ends })))
    const chain = await chainBeside(node)
    const journal = new Journal(chain, tx => breakingsOf(tx, random, BREAKINGS_EACH))
    let [tried, published, agreed] = [0, 0, 0]
    for (let i = 0; tried < WANTED || i < kinds.length; i++) {
      const kind = kinds[i % kinds.length]
      if (kind === undefined) throw new Error('there are kinds')
      play({ ...kind, random, chain, journal })
      const told = await journal.replay(node)
      expect(told.disagreements).toEqual([])
      tried += told.tried
      published += told.published
      agreed += told.accepted
    }
    console.log(
      `${published} transactions were published, ${tried} more were tried: ${agreed} taken, the others refused, by both.`,
    )
  })

  it('do not agree on what one of them takes and the other does not: that would be seen', async () => {
    const chain = await chainBeside(node)
    const journal = new Journal(chain)
    const { tx, outpoint } = value(chain.fund(alice.script, sat(50_000)))
    const good = spend([coinOf(tx, outpoint.vout)])
    // The embedded chain says no to it, once.
    chain.testAccept = () => err({ reason: 'dust', details: 'a lie' })
    journal.tries(good, 'nothing')
    const { disagreements } = await journal.replay(node)
    expect(disagreements.map(({ embedded, fullNode }) => [embedded, fullNode])).toEqual([['dust', 'accepted']])
  })
})
