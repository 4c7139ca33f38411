import { describe, expect, it } from 'vitest'
import { msat, sat } from '../../src/base/index.ts'
import {
  anchorsCostSat,
  buildClosingTx,
  buildCommitmentTx,
  buildHtlcTx,
  commitmentFeeSat,
  commitmentNumberOf,
  fundingWitnessScript,
  htlcPreimageWitness,
  MAX_COMMITMENT_NUMBER,
} from '../../src/commitment/index.ts'
import {
  aliceBasepoints,
  bobBasepoints,
  CAPACITY,
  commitmentInput,
  FORMATS,
  factor,
  htlc,
  preimage,
} from './fixture.ts'

// The edges that mutants of the builders lived on: exact limits, unsigned inputs, and arguments that no caller may pass.

describe.each(FORMATS)('BOLT 3, trimmed outputs at the exact limit (%s)', format => {
  const limit = 354n
  const cost = (): bigint => {
    const input = commitmentInput(format)
    return commitmentFeeSat(format, input.feeratePerKw, 0) + anchorsCostSat(format)
  }
  const typesWith = (toHolderSat: bigint, toCounterpartySat: bigint): readonly string[] =>
    buildCommitmentTx(
      commitmentInput(format, {
        toHolderMsat: msat(toHolderSat * 1000n),
        toCounterpartyMsat: msat(toCounterpartySat * 1000n),
      }),
    ).outputs.map(output => output.type)

  it('keeps to_remote at the dust limit, and not a satoshi below', () => {
    expect(typesWith(600_000n, limit)).toContain('to_remote')
    expect(typesWith(600_000n, limit - 1n)).not.toContain('to_remote')
  })

  it('keeps to_local at the dust limit after the fee and the anchors, and not a satoshi below', () => {
    expect(typesWith(limit + cost(), 300_000n)).toContain('to_local')
    expect(typesWith(limit + cost() - 1n, 300_000n)).not.toContain('to_local')
  })

  it('builds transactions without witnesses', () => {
    const commitment = buildCommitmentTx(commitmentInput(format, { htlcs: [htlc('offered', 0, 50_000_000)] }))
    const [output] = commitment.htlcs
    expect(commitment.tx.inputs.map(input => input.witness)).toEqual([[]])
    expect(output === undefined ? [] : buildHtlcTx(commitment, output).tx.inputs.map(input => input.witness)).toEqual([
      [],
    ])
  })

  it('takes commitment numbers from 0 to 2^48 - 1 and no others', () => {
    for (const commitmentNumber of [0, MAX_COMMITMENT_NUMBER]) {
      const { tx } = buildCommitmentTx(commitmentInput(format, { commitmentNumber }))
      expect(commitmentNumberOf(tx, factor)).toBe(commitmentNumber)
    }
    for (const commitmentNumber of [-1, 0.5, MAX_COMMITMENT_NUMBER + 1, Number.NaN]) {
      expect(() => buildCommitmentTx(commitmentInput(format, { commitmentNumber }))).toThrow(
        `commitment number ${commitmentNumber}`,
      )
    }
  })

  it('finds no number in a transaction without inputs or with two', () => {
    const { tx } = buildCommitmentTx(commitmentInput(format))
    expect(commitmentNumberOf({ ...tx, inputs: [] }, factor)).toBeUndefined()
    expect(commitmentNumberOf({ ...tx, inputs: [...tx.inputs, ...tx.inputs] }, factor)).toBeUndefined()
  })

  it('takes preimages of 32 bytes only', () => {
    const signature = new Uint8Array(64).fill(1)
    const script = Uint8Array.of(0x51)
    expect(htlcPreimageWitness(signature, preimage(0), script)[1]).toEqual(preimage(0))
    expect(() => htlcPreimageWitness(signature, new Uint8Array(31), script)).toThrow(
      'expected a preimage of 32 bytes, got 31',
    )
  })
})

describe('the funding output', () => {
  it('takes compressed keys only', () => {
    expect(() => fundingWitnessScript(aliceBasepoints.fundingPubkey, new Uint8Array(65))).toThrow(
      'expected a public key of 33 bytes, got 65',
    )
  })
})

describe('a closing transaction', () => {
  it('is built without witnesses', () => {
    const script = Uint8Array.of(0, 20, ...new Uint8Array(20))
    const closing = buildClosingTx({
      funding: {
        outpoint: commitmentInput('anchors_zero_fee_htlc').fundingOutpoint,
        amountSat: CAPACITY,
        pubkeys: [aliceBasepoints.fundingPubkey, bobBasepoints.fundingPubkey],
      },
      closer: { amountMsat: msat(600_000_000n), script },
      closee: { amountMsat: msat(400_000_000n), script },
      feeSat: sat(500),
      locktime: 0,
      variant: 'closer_and_closee_outputs',
    })
    expect(closing.ok && closing.value.tx.inputs.map(input => input.witness)).toEqual([[]])
  })
})
