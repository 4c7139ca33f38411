import { describe, expect, it } from 'vitest'
import { feeratePerKw, outPointKey } from '../../src/base/index.ts'
import { type Tx, txid, txWeight } from '../../src/bitcoin/index.ts'
import { justiceFor } from '../../src/onchain/index.ts'
import { hintOf, justiceOutput, justiceTx, openBlob, sealBlob } from '../../src/watchtower/index.ts'
import { archiveOf, destination, FORMATS, makeModel, secrets, signedOf, viewOf } from '../onchain/fixture.ts'
import { fourHtlcs } from '../onchain/scenario.ts'

// What a node signs in advance for its tower, judged by the script interpreter of the chain: of each format, each output, at each feerate, after
// the way through the sealed blob.

const FEERATES = [253, 1_012, 4_048, 16_192].map(feeratePerKw)
const NONCE = new Uint8Array(12).fill(5)

function cheated(format: (typeof FORMATS)[number]) {
  const model = makeModel({ format, htlcs: fourHtlcs })
  const view = viewOf(model, 'alice', 4)
  // Bob's commitment 1, which he has revoked since.
  const tx = signedOf(model, 'bob', 1)
  const htlcs = archiveOf(model, 'alice', 1)
  const terms = { view, secrets: secrets.alice, destinationScript: destination('alice'), feerates: FEERATES }
  return { model, tx, htlcs, terms, justice: justiceFor({ tx, number: 1, htlcs }, terms) }
}

/** As the tower gets it. */
function byBlob({ tx, justice }: ReturnType<typeof cheated>): readonly (readonly Tx[])[] {
  const id = txid(tx)
  const outputs = justice.flatMap(each => justiceOutput(each.outpoint, each.amountSat, each.transactions) ?? [])
  const blob = { destinationScript: destination('alice'), outputs }
  const opened = openBlob(id, sealBlob(id, blob, NONCE))
  if (!opened.ok) throw new Error(opened.error.message)
  expect(opened.value).toEqual(blob)
  return opened.value.outputs.map(output =>
    output.rungs.map(rung => justiceTx({ txid: id, vout: output.vout }, output, rung, opened.value.destinationScript)),
  )
}

describe.each(FORMATS)('what punishes a revoked commitment (%s)', format => {
  it('is to_local and every HTLC of it, each by itself, and the chain takes each at each feerate', () => {
    const scene = cheated(format)
    const { model, tx } = scene
    const txs = byBlob(scene)
    // to_local, and four HTLCs that are not trimmed.
    expect(txs.length).toBe(5)
    expect(model.chain.mine(1, { transactions: [tx] }).at(-1)?.transactions.length).toBe(2)
    const spent = txs.map(rungs =>
      rungs.map(({ inputs }) => inputs.map(({ outpoint }) => outPointKey(outpoint)).join()),
    )
    expect(new Set(spent.flat()).size).toBe(5)
    for (const rungs of txs) {
      for (const each of rungs) {
        const judged = model.chain.testAccept(each)
        expect(judged.ok ? 'accepted' : `${judged.error.reason} ${judged.error.details}`).toBe('accepted')
      }
    }
    // One after the other each takes the place of the cheaper one, as the rules of replacement have it.
    for (const rungs of txs) for (const each of rungs) expect(model.chain.submit(each).ok).toBe(true)
    expect(model.chain.mempool().length).toBe(5)
  })

  it('pays what each feerate asks for, and all of the rest to the victim', () => {
    const { justice } = cheated(format)
    for (const { amountSat, transactions } of justice) {
      for (const [index, { tx, feeSat }] of transactions.entries()) {
        const [output] = tx.outputs
        expect(tx.outputs.length).toBe(1)
        expect(output?.script).toEqual(destination('alice'))
        expect((output?.amountSat ?? 0n) + feeSat).toBe(amountSat)
        const asked = (BigInt(FEERATES[index] ?? 0) * BigInt(txWeight(tx))) / 1000n
        expect(feeSat).toBeGreaterThanOrEqual(asked)
        expect(feeSat - asked).toBeLessThan(asked / 20n + 10n)
      }
    }
  })

  it('is nothing for a commitment that is not revoked, or of another channel', () => {
    const { model, tx, htlcs, terms } = cheated(format)
    const valid = signedOf(model, 'bob', 4)
    expect(justiceFor({ tx: valid, number: 4, htlcs }, terms)).toEqual([])
    const [input] = tx.inputs
    if (input === undefined) throw new Error('it spends the funding')
    const elsewhere = { ...tx, inputs: [{ ...input, outpoint: { ...input.outpoint, vout: 9 } }] }
    expect(justiceFor({ tx: elsewhere, number: 1, htlcs }, terms)).toEqual([])
  })

  it('is of no use without the transaction: another one opens nothing', () => {
    const scene = cheated(format)
    const id = txid(scene.tx)
    const outputs = scene.justice.flatMap(each => justiceOutput(each.outpoint, each.amountSat, each.transactions) ?? [])
    const sealed = sealBlob(id, { destinationScript: destination('alice'), outputs }, NONCE)
    const half = Buffer.from(hintOf(id)).toString('hex')
    expect(id.startsWith(half)).toBe(true)
    const alike = (half + '0'.repeat(32)) as typeof id
    expect(openBlob(alike, sealed).ok).toBe(false)
    expect(openBlob(id, sealed).ok).toBe(true)
    for (let at = 0; at < sealed.length; at += 7) {
      const changed = sealed.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(openBlob(id, changed).ok).toBe(false)
      expect(openBlob(id, sealed.subarray(0, at)).ok).toBe(false)
    }
  })
})
