import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat, paymentHash, sat } from '../../src/base/index.ts'
import { compareOutputs, encodeTx, encodeTxWithoutWitness } from '../../src/bitcoin/index.ts'
import {
  anchorsCostSat,
  buildCommitmentTx,
  buildHtlcTx,
  type CommitmentHtlc,
  type CommitmentInput,
  commitmentFeeSat,
  commitmentNumberOf,
  htlcTxFeeSat,
  isTrimmed,
  MAX_COMMITMENT_NUMBER,
} from '../../src/commitment/index.ts'
import { commitmentInput, FORMATS, factor } from './fixture.ts'

// What holds for every commitment, whatever is in it.

/** Few hashes, amounts and expiries, so that outputs often tie. */
const htlcArbitrary = fc.record({
  direction: fc.constantFrom('offered' as const, 'received' as const),
  amountMsat: fc
    .oneof(fc.constantFrom(5_000_000, 5_000_999), fc.integer({ min: 1, max: 20_000_000 }))
    .map(amount => msat(amount)),
  paymentHash: fc.constantFrom(1, 2).map(byte => paymentHash(new Uint8Array(32).fill(byte))),
  cltvExpiry: fc.constantFrom(500, 501, 900_000),
})

const inputArbitrary: fc.Arbitrary<CommitmentInput> = fc
  .record({
    format: fc.constantFrom(...FORMATS),
    htlcs: fc
      .array(htlcArbitrary, { maxLength: 20 })
      .map(htlcs => htlcs.map((htlc, id): CommitmentHtlc => ({ ...htlc, id }))),
    holderIsOpener: fc.boolean(),
    feeratePerKw: fc.integer({ min: 0, max: 20_000 }).map(feeratePerKw),
    dustLimitSat: fc.integer({ min: 354, max: 10_000 }).map(sat),
    commitmentNumber: fc.integer({ min: 0, max: MAX_COMMITMENT_NUMBER }),
    // Enough for the anchors of either side, as BOLT 2 asks.
    share: fc.bigInt({ min: 1_000_000n, max: 500_000_000n }),
  })
  .map(({ share, format, ...changes }) => {
    const inHtlcs = changes.htlcs.reduce((sum, htlc) => sum + htlc.amountMsat, 0n)
    const toCounterpartyMsat = msat(1_000_000_000n - inHtlcs - share)
    return commitmentInput(format, { ...changes, toHolderMsat: msat(share), toCounterpartyMsat })
  })

describe('every commitment', () => {
  it('pays out what it holds, less the fee, to the satoshi', () => {
    fc.assert(
      fc.property(inputArbitrary, input => {
        const { tx, feeSat, outputs, htlcs, trimmedHtlcs } = buildCommitmentTx(input)
        const paid = tx.outputs.reduce((sum, output) => sum + output.amountSat, 0n)
        expect(paid + feeSat).toBe(input.fundingAmountSat)
        expect(tx.outputs).toEqual(outputs.map(({ amountSat, script }) => ({ amountSat, script })))
        expect(htlcs.length + trimmedHtlcs.length).toBe(input.htlcs.length)
        const opener = input.holderIsOpener ? input.toHolderMsat : input.toCounterpartyMsat
        const base = commitmentFeeSat(input.format, input.feeratePerKw, htlcs.length)
        if (opener / 1000n >= base + anchorsCostSat(input.format)) expect(feeSat).toBeGreaterThanOrEqual(base)
      }),
    )
  })

  it('has an output for an HTLC exactly when it is not below the limit', () => {
    fc.assert(
      fc.property(inputArbitrary, input => {
        const commitment = buildCommitmentTx(input)
        for (const { htlc, amountSat } of commitment.htlcs) {
          const fee = htlcTxFeeSat(input.format, input.feeratePerKw, htlc.direction)
          expect(amountSat - fee).toBeGreaterThanOrEqual(input.dustLimitSat)
          expect(isTrimmed(htlc, input)).toBe(false)
        }
        for (const htlc of commitment.trimmedHtlcs) {
          const fee = htlcTxFeeSat(input.format, input.feeratePerKw, htlc.direction)
          expect(htlc.amountMsat / 1000n - fee).toBeLessThan(input.dustLimitSat)
          expect(isTrimmed(htlc, input)).toBe(true)
        }
      }),
    )
  })

  it('does not depend on the order in which its HTLCs are listed', () => {
    fc.assert(
      fc.property(
        inputArbitrary.chain(input =>
          fc.tuple(
            fc.constant(input),
            fc.shuffledSubarray([...input.htlcs], { minLength: input.htlcs.length, maxLength: input.htlcs.length }),
          ),
        ),
        ([input, shuffled]) => {
          const first = buildCommitmentTx(input)
          const second = buildCommitmentTx({ ...input, htlcs: shuffled })
          expect(second.txid).toBe(first.txid)
          expect(second.outputs).toEqual(first.outputs)
        },
      ),
    )
  })

  it('is in BIP 69 order, and HTLCs that tie are in the order of their expiry', () => {
    fc.assert(
      fc.property(inputArbitrary, input => {
        const { outputs, htlcs } = buildCommitmentTx(input)
        outputs.forEach((output, vout) => {
          expect(output.vout).toBe(vout)
          const next = outputs[vout + 1]
          if (next === undefined) return
          const order = compareOutputs(output, next)
          expect(order).toBeLessThanOrEqual(0)
          if (order !== 0) return
          // Only HTLCs have outputs that are equal: each other output has a key of its own.
          if (output.type !== 'htlc' || next.type !== 'htlc') throw new Error('two equal outputs')
          expect(output.htlc.cltvExpiry).toBeLessThanOrEqual(next.htlc.cltvExpiry)
        })
        const vouts = htlcs.map(({ vout }) => vout)
        expect(vouts).toEqual(vouts.toSorted((a, b) => a - b))
      }),
    )
  })

  it('carries its number', () => {
    fc.assert(
      fc.property(inputArbitrary, input => {
        const { tx } = buildCommitmentTx(input)
        expect(commitmentNumberOf(tx, factor)).toBe(input.commitmentNumber)
        // BIP 65 and 68 must not read a lock into it: the locktime is a past time, and the sequence disables the relative lock.
        expect(tx.locktime >>> 24).toBe(0x20)
        expect((tx.inputs[0]?.sequence ?? 0) >>> 31).toBe(1)
      }),
    )
  })

  it('has second stages that can be relayed, and that pay the fee of BOLT 3', () => {
    fc.assert(
      fc.property(inputArbitrary, input => {
        const commitment = buildCommitmentTx(input)
        for (const output of commitment.htlcs) {
          const { tx, type } = buildHtlcTx(commitment, output)
          const fee = htlcTxFeeSat(input.format, input.feeratePerKw, output.htlc.direction)
          expect(output.amountSat - (tx.outputs[0]?.amountSat ?? 0n)).toBe(fee)
          expect(tx.outputs[0]?.amountSat).toBeGreaterThanOrEqual(input.dustLimitSat)
          expect(tx.locktime).toBe(type === 'htlc_timeout' ? output.htlc.cltvExpiry : 0)
          expect(tx.inputs[0]?.outpoint).toEqual({ txid: commitment.txid, vout: output.vout })
        }
      }),
    )
  })
})

describe('a transaction that is no commitment', () => {
  const { tx } = buildCommitmentTx(commitmentInput('anchors_zero_fee_htlc'))
  const [input] = tx.inputs
  if (input === undefined) throw new Error('no input')

  it.each([
    ['a locktime of another form', { ...tx, locktime: 0x21000000 }],
    ['a sequence of another form', { ...tx, inputs: [{ ...input, sequence: 0xfffffffd }] }],
    ['two inputs', { ...tx, inputs: [input, input] }],
    ['no input', { ...tx, inputs: [] }],
  ])('has no number: %s', (_, other) => {
    expect(commitmentNumberOf(other, factor)).toBeUndefined()
  })

  it('a number beyond 48 bits is refused', () => {
    expect(() =>
      buildCommitmentTx(commitmentInput('static_remotekey', { commitmentNumber: MAX_COMMITMENT_NUMBER + 1 })),
    ).toThrow('bug')
  })

  it('unsigned, its bytes are those that its id commits to', () => {
    expect(encodeTx(tx)).toEqual(encodeTxWithoutWitness(tx))
  })
})
