import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat, type Sat, sat, type Txid, toHex } from '../../src/base/index.ts'
import {
  OP,
  p2pkhScript,
  p2trScript,
  p2wpkhScriptFromHash,
  p2wshScript,
  script,
  type TxOut,
  txWeight,
} from '../../src/bitcoin/index.ts'
import {
  buildClosingTx,
  buildLegacyClosingTx,
  type ClosingFailure,
  type ClosingTx,
  type ClosingVariant,
  closingFeeSat,
  closingSighash,
  closingWeight,
  type FundingOutput,
  fundingScript,
  signClosing,
  signedClosingTx,
  verifyClosingSignature,
} from '../../src/commitment/index.ts'
import { judgeInput } from '../../src/regtest/index.ts'
import { alice, aliceBasepoints, bob, bobBasepoints, CAPACITY } from './fixture.ts'

// BOLT 3, legacy closing transaction and closing transaction; BOLT 2, closing negotiation.

const funding: FundingOutput = {
  outpoint: { txid: '2e'.repeat(32) as Txid, vout: 3 },
  amountSat: CAPACITY,
  pubkeys: [aliceBasepoints.fundingPubkey, bobBasepoints.fundingPubkey],
}
const localScript = p2wpkhScriptFromHash(new Uint8Array(20).fill(9))
const remoteScript = p2wshScript(new Uint8Array(1))
const opReturn = script(OP.OP_RETURN, new Uint8Array(6).fill(1))

function built(result: { ok: true; value: ClosingTx } | { ok: false; error: ClosingFailure }): ClosingTx {
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

function amounts(outputs: readonly TxOut[]): readonly (readonly [Sat, string])[] {
  return outputs.map(output => [output.amountSat, toHex(output.script)])
}

describe('BOLT 3 legacy closing transaction', () => {
  const terms = {
    funding,
    opener: 'local',
    local: { amountMsat: msat(700_000_999), script: localScript },
    remote: { amountMsat: msat(299_999_001), script: remoteScript },
    feeSat: sat(1000),
    dustLimitSat: sat(354),
  } as const

  it('pays both, the opener less the fee, in BIP 69 order, final and without locktime', () => {
    const { tx, feeSat } = built(buildLegacyClosingTx(terms))
    expect(tx).toMatchObject({
      version: 2,
      locktime: 0,
      inputs: [{ outpoint: funding.outpoint, sequence: 0xffffffff }],
    })
    expect(amounts(tx.outputs)).toEqual([
      [299_999n, toHex(remoteScript)],
      [699_000n, toHex(localScript)],
    ])
    // The satoshi that both fractions make goes to the fee.
    expect(feeSat).toBe(1001n)
  })

  it('lets the remote pay where it opened', () => {
    const { tx } = built(buildLegacyClosingTx({ ...terms, opener: 'remote' }))
    expect(tx.outputs.map(({ amountSat }) => amountSat)).toEqual([298_999n, 700_000n])
  })

  it('is the same from both sides', () => {
    const mirrored = { ...terms, opener: 'remote', local: terms.remote, remote: terms.local } as const
    expect(built(buildLegacyClosingTx(mirrored)).txid).toBe(built(buildLegacyClosingTx(terms)).txid)
  })

  it.each([
    [354n, p2wpkhScriptFromHash(new Uint8Array(20)), 354n, 2],
    [353n, p2wpkhScriptFromHash(new Uint8Array(20)), 354n, 1],
    [294n, p2wpkhScriptFromHash(new Uint8Array(20)), 200n, 2],
    [293n, p2wpkhScriptFromHash(new Uint8Array(20)), 200n, 1],
    [545n, p2pkhScript(new Uint8Array(20)), 354n, 1],
    [546n, p2pkhScript(new Uint8Array(20)), 354n, 2],
    [330n, p2trScript(new Uint8Array(32)), 200n, 2],
    [329n, p2trScript(new Uint8Array(32)), 200n, 1],
  ])('an output of %s sat to %s with a dust limit of %s', (amount, remote, dust, count) => {
    const result = buildLegacyClosingTx({
      ...terms,
      local: { amountMsat: msat((CAPACITY - amount) * 1000n), script: localScript },
      remote: { amountMsat: msat(amount * 1000n), script: remote },
      dustLimitSat: sat(dust),
    })
    expect(built(result).tx.outputs.length).toBe(count)
  })

  it('leaves out the output of the side that gives it up', () => {
    const result = built(buildLegacyClosingTx({ ...terms, omit: 'remote' }))
    expect(amounts(result.tx.outputs)).toEqual([[699_000n, toHex(localScript)]])
    expect(result.feeSat).toBe(301_000n)
  })

  it('refuses a fee above what the opener has, and a transaction without outputs', () => {
    const dear = buildLegacyClosingTx({ ...terms, feeSat: sat(700_001) })
    expect(dear).toMatchObject({ ok: false, error: { code: 'fee_above_balance' } })
    expect(buildLegacyClosingTx({ ...terms, feeSat: sat(700_000) }).ok).toBe(true)
    const none = buildLegacyClosingTx({ ...terms, dustLimitSat: CAPACITY })
    expect(none).toMatchObject({ ok: false, error: { code: 'no_outputs' } })
  })
})

describe('BOLT 3 closing transaction', () => {
  const terms = {
    funding,
    closer: { amountMsat: msat(299_999_001), script: remoteScript },
    closee: { amountMsat: msat(700_000_999), script: localScript },
    feeSat: sat(2000),
    locktime: 800_000,
  } as const

  it.each<[ClosingVariant, bigint[], bigint]>([
    ['closer_and_closee_outputs', [297_999n, 700_000n], 2001n],
    ['closer_output_only', [297_999n], 702_001n],
    ['closee_output_only', [700_000n], 300_000n],
  ])('%s', (variant, expected, fee) => {
    const { tx, feeSat } = built(buildClosingTx({ ...terms, variant }))
    expect(tx).toMatchObject({ version: 2, locktime: 800_000, inputs: [{ sequence: 0xfffffffd }] })
    expect(tx.outputs.map(({ amountSat }) => amountSat)).toEqual(expected)
    expect(feeSat).toBe(fee)
  })

  it('an OP_RETURN output holds nothing, on either side', () => {
    const variant = 'closer_and_closee_outputs'
    const closer = built(buildClosingTx({ ...terms, variant, closer: { ...terms.closer, script: opReturn } }))
    expect(amounts(closer.tx.outputs)).toEqual([
      [0n, toHex(opReturn)],
      [700_000n, toHex(localScript)],
    ])
    const closee = built(buildClosingTx({ ...terms, variant, closee: { ...terms.closee, script: opReturn } }))
    expect(closee.tx.outputs.map(({ amountSat }) => amountSat)).toEqual([0n, 297_999n])
  })

  it('refuses a fee above what the closer has', () => {
    const variant = 'closee_output_only'
    expect(buildClosingTx({ ...terms, variant, feeSat: sat(299_999) }).ok).toBe(true)
    const dear = buildClosingTx({ ...terms, variant, feeSat: sat(300_000) })
    expect(dear).toMatchObject({ ok: false, error: { code: 'fee_above_balance' } })
  })
})

describe('signatures of a closing transaction', () => {
  const closing = built(
    buildLegacyClosingTx({
      funding,
      opener: 'local',
      local: { amountMsat: msat(700_000_000), script: localScript },
      remote: { amountMsat: msat(300_000_000), script: remoteScript },
      feeSat: sat(1000),
      dustLimitSat: sat(354),
    }),
  )
  const signatures = [signClosing(closing, alice.fundingSecret), signClosing(closing, bob.fundingSecret)] as const

  it('are those of both funding keys, for this transaction alone', () => {
    expect(verifyClosingSignature(closing, signatures[0], aliceBasepoints.fundingPubkey)).toBe(true)
    expect(verifyClosingSignature(closing, signatures[1], bobBasepoints.fundingPubkey)).toBe(true)
    expect(verifyClosingSignature(closing, signatures[0], bobBasepoints.fundingPubkey)).toBe(false)
    const flipped = signatures[0].slice()
    flipped[40] = (flipped[40] ?? 0) ^ 1
    expect(verifyClosingSignature(closing, flipped, aliceBasepoints.fundingPubkey)).toBe(false)
    const dearer = { ...closing, tx: { ...closing.tx, outputs: closing.tx.outputs.slice(1) } }
    expect(verifyClosingSignature(dearer, signatures[0], aliceBasepoints.fundingPubkey)).toBe(false)
    expect(closingSighash(dearer)).not.toEqual(closingSighash(closing))
  })

  it('spend the funding output, whichever key is listed first', () => {
    const prevouts = [{ amountSat: CAPACITY, script: fundingScript(...funding.pubkeys) }]
    const tx = signedClosingTx(closing, signatures)
    expect(judgeInput({ tx, inputIndex: 0, prevouts })).toMatchObject({ ok: true })
    const turned: ClosingTx = { ...closing, funding: { ...funding, pubkeys: [funding.pubkeys[1], funding.pubkeys[0]] } }
    const again = signedClosingTx(turned, [signatures[1], signatures[0]])
    expect(again).toEqual(tx)
    const crossed = signedClosingTx(closing, [signatures[1], signatures[0]])
    expect(judgeInput({ tx: crossed, inputIndex: 0, prevouts })).toMatchObject({ ok: false })
  })

  it('weigh no more than reckoned', () => {
    const scripts = closing.tx.outputs.map(output => output.script)
    const weight = txWeight(signedClosingTx(closing, signatures))
    expect(weight).toBeLessThanOrEqual(closingWeight(scripts))
    expect(weight).toBeGreaterThanOrEqual(closingWeight(scripts) - 6)
    expect(closingFeeSat(feeratePerKw(1000), scripts)).toBe(BigInt(closingWeight(scripts)))
    expect(closingWeight(scripts) - closingWeight(scripts.slice(1))).toBe(4 * 43 - (scripts[0]?.length === 34 ? 0 : 48))
  })
})
