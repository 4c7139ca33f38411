import { describe, expect, it } from 'vitest'
import { feeratePerKw, outPointKey, sat, type Txid } from '../../src/base/index.ts'
import { signP2wpkhInput, type Tx, txid, txWeight, withWitness } from '../../src/bitcoin/index.ts'
import { htlcSuccessWitness, signHtlcTx } from '../../src/commitment/index.ts'
import { deriveSecretKey } from '../../src/keys/index.ts'
import { groupSweeps } from '../../src/onchain/groups.ts'
import {
  type DirectPath,
  type HtlcTxPath,
  MAX_CLAIM_WEIGHT,
  type OnchainContext,
  spendPaths,
} from '../../src/onchain/index.ts'
import { builtOf, destination, makeModel, preimageOf, secrets, signedOf, viewOf } from './fixture.ts'
import { EnforcerNode, mine, mineUntil } from './node.ts'

// How outputs are swept together, and what the peer can do about it.

const model = makeModel({
  format: 'anchors_zero_fee_htlc',
  delays: { alice: 6, bob: 40 },
  htlcs: height =>
    [0, 1, 2].map(id => ({
      offeredBy: id === 2 ? ('bob' as const) : ('alice' as const),
      id: id === 2 ? 0 : id,
      amountSat: 30_000 + 1000 * id,
      cltvExpiry: height + 200,
      preimageSeed: id,
      from: 1,
      until: 3,
    })),
})

describe('the weight of a sweep', () => {
  it('stays below what nodes relay, however many outputs there are (BOLT 5, penalty transactions weight calculation)', () => {
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 4))
    const revoked = { commitmentNumber: 1, htlcs: [] }
    const tx = signedOf(model, 'bob', 1)
    const facts = { transactions: [{ txid: txid(tx), tx, height: 130 }], preimages: new Map(), revoked }
    const paths = spendPaths(alice.view, facts, 'local', 130)
    const main = paths.find((path): path is DirectPath => path.way === 'to_local_revoked')
    if (main === undefined) throw new Error('to_local can be punished')
    const many = Array.from({ length: 1300 }, (_, index): DirectPath => {
      const outpoint = { txid: index.toString(16).padStart(64, '0') as Txid, vout: 0 }
      return { ...main, outpoint, amountSat: sat(10_000) }
    })
    const context: OnchainContext = { ...alice.context(), feeratePerKw: feeratePerKw(253) }
    const { claims, troubles } = groupSweeps(many, context)
    expect(troubles).toEqual([])
    expect(claims.length).toBe(2)
    for (const claim of claims) {
      expect(txWeight(claim.tx)).toBeLessThanOrEqual(MAX_CLAIM_WEIGHT)
      const fee = 10_000 * claim.tx.inputs.length - Number(claim.tx.outputs[0]?.amountSat)
      expect(fee / txWeight(claim.tx)).toBeGreaterThanOrEqual(0.253)
      expect(fee / txWeight(claim.tx)).toBeLessThan(0.256)
    }
    expect(new Set(claims.flatMap(({ tx }) => tx.inputs.map(input => outPointKey(input.outpoint)))).size).toBe(1300)
    // As many as fit: one more input would not have.
    expect(txWeight(claims[0]?.tx ?? tx)).toBeGreaterThan(MAX_CLAIM_WEIGHT - 3000)
  })
})

/** Bob joins two HTLC-success transactions of his revoked commitment in one, as SIGHASH_SINGLE lets him. */
function joined(bob: EnforcerNode): Tx {
  const facts = {
    transactions: [{ txid: txid(signedOf(model, 'bob', 1)), tx: signedOf(model, 'bob', 1), height: bob.height }],
    preimages: new Map(),
  }
  const rows = spendPaths(bob.view, facts, 'local', bob.height).filter(
    (path): path is HtlcTxPath => path.way === 'htlc_success',
  )
  const htlcTxs = rows.map(row => {
    if (row.htlcTx === undefined || row.counterpartySignature === undefined)
      throw new Error('Bob holds this commitment')
    return { ...row, htlcTx: row.htlcTx, counterparty: row.counterpartySignature }
  })
  const coin = bob.coins[0]
  const [first] = htlcTxs
  if (coin === undefined || first === undefined) throw new Error('Bob has a coin and an HTLC')
  const empty = new Uint8Array(0)
  let tx: Tx = {
    ...first.htlcTx.tx,
    inputs: [
      ...htlcTxs.flatMap(({ htlcTx }) => htlcTx.tx.inputs),
      { outpoint: coin.outpoint, scriptSig: empty, sequence: 0xfffffffd, witness: [] },
    ],
    outputs: [
      ...htlcTxs.flatMap(({ htlcTx }) => htlcTx.tx.outputs),
      { amountSat: sat(15_000), script: destination('bob') },
    ],
  }
  for (const [index, row] of htlcTxs.entries()) {
    if (row.key.type !== 'htlc') throw new Error('HTLC keys sign HTLC transactions')
    const secret = deriveSecretKey(secrets.bob.htlcBasepointSecret, row.key.point)
    const holder = signHtlcTx(row.htlcTx, 'holder', secret, { tx, inputIndex: index })
    const preimage = preimageOf(row.htlc.id)
    tx = withWitness(tx, index, htlcSuccessWitness(row.htlcTx, { holder, counterparty: row.counterparty }, preimage))
  }
  return signP2wpkhInput(tx, htlcTxs.length, coin.amountSat, coin.secret)
}

describe('revoked second stages that the peer joins in one transaction', () => {
  it('are taken wherever they stand in it', () => {
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 4))
    const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 1, { knows: [0, 1] })).fundCoins(1)
    const before = alice.walletSat()
    alice.start()
    model.chain.mine(1, { transactions: [signedOf(model, 'bob', 1)] })
    bob.start()
    alice.online = false
    alice.catchUp()
    const tx = joined(bob)
    expect(tx.inputs.length).toBe(3)
    model.chain.mine(1, { transactions: [tx] })
    alice.online = true
    alice.catchUp()
    expect(alice.eventsOf('preimage_found').length).toBe(2)
    const stages = [0, 1].map(vout => outPointKey({ txid: txid(tx), vout }))
    mine([alice], 2)
    const taken = alice.confirmed().flatMap(each => each.inputs.map(input => outPointKey(input.outpoint)))
    expect(stages.every(stage => taken.includes(stage))).toBe(true)
    mineUntil([alice], () => alice.isResolved)
    const outputs = builtOf(model, 'bob', 1).outputs.filter(({ type }) => !type.endsWith('anchor'))
    const all = outputs.reduce((sum, output) => sum + output.amountSat, 0n)
    expect(alice.walletSat() - before + alice.feesSat()).toBe(all)
  })
})
