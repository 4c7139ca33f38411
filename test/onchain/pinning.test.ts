import { describe, expect, it } from 'vitest'
import { type OutPoint, sat } from '../../src/base/index.ts'
import { signP2wpkhInput, type Tx, txid, withWitness } from '../../src/bitcoin/index.ts'
import { type DirectPath, spendPaths } from '../../src/onchain/index.ts'
import { directWitness, secretOf } from '../../src/onchain/signing.ts'
import { coinScript, coinSecret, destination, makeModel, secrets, signedOf, viewOf } from './fixture.ts'
import { EnforcerNode, mineUntil } from './node.ts'

// Pinning: the peer attaches heavy or cheap transactions to what we want confirmed, so that nodes refuse what would pay for it.

const SEQUENCE = 0xfffffffd
const input = (outpoint: OutPoint) => ({ outpoint, scriptSig: new Uint8Array(0), sequence: SEQUENCE, witness: [] })

function leaving(market: number) {
  const model = makeModel({ format: 'anchors_zero_fee_htlc' })
  const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2, { publish: 'commitment', knows: [1] }))
  const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 2)).fundCoins(1, 500_000)
  alice.fundCoins(3, 90_000)
  alice.feerate = market
  return { model, alice, bob, commitment: signedOf(model, 'alice', 2) }
}

const waits = (alice: EnforcerNode, tx: Tx | undefined): boolean =>
  tx !== undefined && alice.model.chain.mempool().some(entry => txid(entry.tx) === txid(tx))

/** Bob spends his own anchor on Alice's commitment, with outputs of so many bytes, at a feerate that no miner looks at. */
function pin(bob: EnforcerNode, commitment: Tx, outputs: number): Tx {
  const [coin] = bob.coins
  // Before a block holds the commitment, his ways are those of what may be published.
  const anchor = spendPaths(bob.view, bob.state.facts, 'local', bob.height).find(
    (row): row is DirectPath => row.way === 'anchor' && row.outpoint.txid === txid(commitment),
  )
  if (coin === undefined || anchor === undefined) throw new Error('Bob has an anchor there')
  const each = 4_000n
  const vbytes = 43n * BigInt(outputs) + 300n
  const rest = anchor.amountSat + coin.amountSat - each * BigInt(outputs) - vbytes - 200n
  const unsigned: Tx = {
    version: 2,
    inputs: [input(anchor.outpoint), input(coin.outpoint)],
    outputs: [
      ...Array.from({ length: outputs }, () => ({ amountSat: sat(each), script: coinScript('bob') })),
      { amountSat: sat(rest), script: destination('bob') },
    ],
    locktime: 0,
  }
  const own = withWitness(
    unsigned,
    0,
    directWitness(anchor, { tx: unsigned, index: 0 }, secretOf(anchor.key, secrets.bob)),
  )
  const tx = signP2wpkhInput(own, 1, coin.amountSat, coin.secret)
  const taken = bob.model.chain.submit(tx)
  if (!taken.ok) throw new Error(`${taken.error.reason}, ${taken.error.details}`)
  return tx
}

/** One after the other, each on the last output of the one before, as many as nodes take. */
function chainOn(bob: EnforcerNode, first: Tx, count: number): void {
  let parent = first
  for (let i = 0; i < count; i++) {
    const outpoint = { txid: txid(parent), vout: 0 }
    const held = parent.outputs[0]?.amountSat ?? sat(0)
    const unsigned: Tx = {
      version: 2,
      inputs: [input(outpoint)],
      outputs: [{ amountSat: sat(held - 120n), script: coinScript('bob') }],
      locktime: 0,
    }
    parent = signP2wpkhInput(unsigned, 0, held, coinSecret('bob'))
    const taken = bob.model.chain.submit(parent)
    if (!taken.ok) throw new Error(`${taken.error.reason}, ${taken.error.details}`)
  }
}

describe('a commitment that the peer pins', () => {
  it.each([
    [
      'by a chain of descendants, as long as nodes take one',
      (bob: EnforcerNode, tx: Tx) => chainOn(bob, pin(bob, tx, 2), 23),
    ],
    ['by one child of a hundred outputs', (bob: EnforcerNode, tx: Tx) => void pin(bob, tx, 100)],
  ])('%s, is paid for all the same', (_, attach) => {
    const { model, alice, bob, commitment } = leaving(1_000)
    alice.start()
    bob.start()
    expect(waits(alice, commitment)).toBe(true)
    attach(bob, commitment)
    // Feerates rise: what pays for it has to get in beside what is attached.
    alice.feerate = 6_000
    model.chain.mine(1, { transactions: [] })
    alice.catchUp()
    const child = alice.published.find(({ role }) => role === 'anchor')
    expect(child?.outcome).toBe('accepted')
    expect(waits(alice, child?.tx)).toBe(true)
    // A miner who takes nothing below the day's feerate takes both.
    model.chain.mine(1, { leastSatPerKvB: 20_000n })
    alice.catchUp()
    expect(model.chain.transaction(txid(commitment))?.confirmations).toBe(1)
    mineUntil([alice], () => alice.isResolved)
    expect(alice.published.filter(({ outcome }) => outcome !== 'accepted' && outcome !== 'known')).toEqual([])
  })
})
