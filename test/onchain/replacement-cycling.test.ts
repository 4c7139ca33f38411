import { describe, expect, it } from 'vitest'
import { type OutPoint, sat } from '../../src/base/index.ts'
import { signP2wpkhInput, type Tx, txid, withWitness } from '../../src/bitcoin/index.ts'
import { type DirectPath, spendPaths } from '../../src/onchain/index.ts'
import { directWitness, secretOf } from '../../src/onchain/signing.ts'
import { destination, type ModelHtlc, makeModel, preimageOf, secrets, signedOf, viewOf } from './fixture.ts'
import { EnforcerNode } from './node.ts'

// Replacement cycling: the peer pushes our claim out of the mempools with a claim of its own, and that one with something else, so that
// after all nothing of the HTLC waits; again and again, until another deadline is over. What helps: to say it again with every block, for
// more each time, and to read the preimage.

/** Alice offered an HTLC that has expired, on her own commitment; Bob knows the preimage. */
function expired() {
  const htlcs = (height: number): readonly ModelHtlc[] => [
    { offeredBy: 'alice', id: 0, amountSat: 80_000, cltvExpiry: height + 10, preimageSeed: 1, from: 1, until: 9 },
  ]
  const model = makeModel({ format: 'anchors_zero_fee_htlc', htlcs })
  const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2, { publish: 'commitment' })).fundCoins(
    2,
    90_000,
  )
  const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 2, { knows: [1] })).fundCoins(1, 1_000_000)
  alice.start()
  bob.start()
  bob.online = false
  model.chain.mine(1, { transactions: [signedOf(model, 'alice', 2)] })
  alice.catchUp()
  bob.catchUp()
  const expiry = model.htlcs[0]?.cltvExpiry ?? 0
  while (alice.height < expiry) block(alice)
  bob.catchUp()
  return { model, alice, bob }
}

function block(alice: EnforcerNode): readonly Tx[] {
  const before = alice.published.length
  alice.model.chain.mine(1, { transactions: [] })
  alice.catchUp()
  return alice.published.slice(before).flatMap(({ tx, role }) => (role === 'htlc-timeout' ? [tx] : []))
}

describe('replacement cycling', () => {
  it('holds a claim up for a block at most: it is said again, for more each time, until it is in', () => {
    const { model, alice, bob } = expired()
    const waits = (tx: Tx) => model.chain.mempool().some(entry => txid(entry.tx) === txid(tx))
    let [claim] = block(alice)
    if (claim === undefined) throw new Error('the HTLC is taken back')
    const seen: Tx[] = []
    for (let round = 0; round < 4; round++) {
      expect(waits(claim)).toBe(true)
      bob.catchUp()
      cycle(bob, 10_000n * 3n ** BigInt(round))
      expect(waits(claim)).toBe(false)
      seen.push(claim)
      const [again] = block(alice)
      if (again === undefined) throw new Error('it is said again')
      claim = again
    }
    expect(waits(claim)).toBe(true)
    expect(alice.published.filter(({ outcome }) => outcome !== 'accepted' && outcome !== 'known')).toEqual([])
    model.chain.mine(1)
    alice.catchUp()
    expect(model.chain.transaction(txid(claim))?.confirmations).toBe(1)
    expect(seen.length).toBe(4)
  })

  it('shows the preimage to whoever looks at the mempool', () => {
    const { alice, bob } = expired()
    block(alice)
    bob.catchUp()
    const theft = cycle(bob, 20_000n)
    alice.give({ type: 'unconfirmed_spend', tx: theft })
    const [found] = alice.eventsOf('preimage_found')
    expect(found?.paymentPreimage).toEqual(preimageOf(1))
  })
})

/** Bob takes the HTLC with its preimage and a coin of his, for so much; then he spends the coin elsewhere, for more. */
function cycle(bob: EnforcerNode, feeSat: bigint): Tx {
  const [coin] = bob.coins
  const path = spendPaths(bob.view, bob.state.facts, 'local', bob.height).find(
    (row): row is DirectPath => row.way === 'htlc_preimage',
  )
  if (coin === undefined || path === undefined) throw new Error('Bob can take it')
  const input = (outpoint: OutPoint, sequence: number) => ({
    outpoint,
    scriptSig: new Uint8Array(0),
    sequence,
    witness: [],
  })
  const pays = (amountSat: bigint) => [{ amountSat: sat(amountSat), script: destination('bob') }]
  const unsigned: Tx = {
    version: 2,
    inputs: [input(path.outpoint, path.sequence), input(coin.outpoint, 0xfffffffd)],
    outputs: pays(path.amountSat + coin.amountSat - feeSat),
    locktime: 0,
  }
  const own = withWitness(unsigned, 0, directWitness(path, { tx: unsigned, index: 0 }, secretOf(path.key, secrets.bob)))
  const theft = signP2wpkhInput(own, 1, coin.amountSat, coin.secret)
  const elsewhere: Tx = {
    ...unsigned,
    inputs: [input(coin.outpoint, 0xfffffffd)],
    outputs: pays(coin.amountSat - feeSat - 5_000n),
  }
  for (const tx of [theft, signP2wpkhInput(elsewhere, 0, coin.amountSat, coin.secret)]) {
    const taken = bob.model.chain.submit(tx)
    if (!taken.ok) throw new Error(`${taken.error.reason}, ${taken.error.details}`)
  }
  return theft
}
