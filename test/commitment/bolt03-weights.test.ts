import { describe, expect, it } from 'vitest'
import { paymentHash } from '../../src/base/index.ts'
import { encodeTxWithoutWitness, type Tx, txWeight, withWitness, witnessWeight } from '../../src/bitcoin/index.ts'
import {
  ANCHOR_ANYONE_WITNESS_WEIGHT,
  ANCHOR_WITNESS_WEIGHT,
  anchorAnyoneWitness,
  anchorScript,
  buildCommitmentTx,
  buildHtlcTx,
  type CommitmentFormat,
  commitmentWeight,
  DELAYED_WITNESS_WEIGHT,
  FUNDING_WITNESS_WEIGHT,
  fundingWitnessScript,
  HTLC_EXPIRED_WITNESS_WEIGHT,
  HTLC_OUTPUT_WEIGHT,
  HTLC_PREIMAGE_WITNESS_WEIGHT,
  HTLC_SUCCESS_WEIGHT,
  HTLC_SUCCESS_WITNESS_WEIGHT,
  HTLC_TIMEOUT_WEIGHT,
  HTLC_TIMEOUT_WITNESS_WEIGHT,
  OFFERED_HTLC_REVOKED_WITNESS_WEIGHT,
  OFFERED_HTLC_SCRIPT_LENGTH,
  offeredHtlcScript,
  RECEIVED_HTLC_REVOKED_WITNESS_WEIGHT,
  RECEIVED_HTLC_SCRIPT_LENGTH,
  REVOKED_WITNESS_WEIGHT,
  receivedHtlcScript,
  TO_REMOTE_WITNESS_WEIGHT,
  toLocalScript,
  toRemoteAnchorScript,
} from '../../src/commitment/index.ts'
import bolt3 from './bolt03-weights.vectors.json' with { type: 'json' }
import bolt5 from './bolt05-weights.vectors.json' with { type: 'json' }
import { commitmentInput, FORMATS, htlc, keys } from './fixture.ts'

// BOLT 3 appendix A and BOLT 5 appendix A.

const SUFFIX: { readonly [F in CommitmentFormat]: string } = {
  static_remotekey: 'legacy',
  anchors_zero_fee_htlc: 'anchors',
}

/** The longest signature that a witness may hold, with its sighash byte (BOLT 3 appendix A counts it as 73 bytes). */
const SIGNATURE = new Uint8Array(73)
const EMPTY = new Uint8Array(0)
const hash = paymentHash(new Uint8Array(32))

function figure(name: string): number {
  const found = [...bolt3.cases, ...bolt5.cases].find(vector => vector.name === name)
  const value = found && ('bytes' in found ? found.bytes : 'baseWu' in found ? found.baseWu : undefined)
  if (value === undefined) throw new Error(`no figure ${name}`)
  return value
}

function nonWitness(tx: Tx): number {
  return encodeTxWithoutWitness(tx).length
}

describe('BOLT 3 appendix A, both formats', () => {
  it('funding script and witness', () => {
    const script = fundingWitnessScript(keys.holderFundingPubkey, keys.counterpartyFundingPubkey)
    expect(script.length).toBe(figure('funding witness script'))
    expect(FUNDING_WITNESS_WEIGHT).toBe(figure('funding witness'))
    expect(witnessWeight([EMPTY, SIGNATURE, SIGNATURE, script])).toBe(FUNDING_WITNESS_WEIGHT)
  })

  it('an HTLC adds one output', () => {
    expect(HTLC_OUTPUT_WEIGHT).toBe(4 * figure('htlc output'))
  })
})

describe.each(FORMATS)('BOLT 3 appendix A, %s', format => {
  const suffix = SUFFIX[format]

  it('commitment transaction', () => {
    const htlcs = [htlc('offered', 0, 50_000_000), htlc('received', 1, 60_000_000)]
    const { tx } = buildCommitmentTx(commitmentInput(format, { htlcs }))
    // The appendix counts the outputs of an anchor commitment with three bytes where one will do.
    const generous = format === 'anchors_zero_fee_htlc' ? 2 : 0
    expect(nonWitness(tx) + generous).toBe(figure(`commitment without witness, ${suffix}`) + 2 * 43)
    expect(commitmentWeight(format, 0)).toBe(figure(`commitment weight, ${suffix}`))
    expect(commitmentWeight(format, 2)).toBe(commitmentWeight(format, 0) + 2 * HTLC_OUTPUT_WEIGHT)
    const script = fundingWitnessScript(keys.holderFundingPubkey, keys.counterpartyFundingPubkey)
    const signed = withWitness(tx, 0, [EMPTY, SIGNATURE, SIGNATURE, script])
    expect(txWeight(signed) + 4 * generous).toBe(commitmentWeight(format, 2))
  })

  it('HTLC scripts, with an expiry of 4 bytes', () => {
    const offered = offeredHtlcScript(format, keys, hash)
    const received = receivedHtlcScript(format, keys, { paymentHash: hash, cltvExpiry: 0x7fffff + 1 })
    expect(offered.length).toBe(figure(`offered htlc script, ${suffix}`))
    expect(OFFERED_HTLC_SCRIPT_LENGTH[format]).toBe(offered.length)
    expect(received.length).toBe(figure(`received htlc script, ${suffix}`))
    expect(RECEIVED_HTLC_SCRIPT_LENGTH[format]).toBe(received.length)
  })

  it('second stages', () => {
    const offered = htlc('offered', 0, 50_000_000)
    const received = htlc('received', 1, 60_000_000, 0x7fffff + 1)
    const commitment = buildCommitmentTx(commitmentInput(format, { htlcs: [offered, received] }))
    for (const output of commitment.htlcs) {
      const { tx, type, spends } = buildHtlcTx(commitment, output)
      expect(nonWitness(tx)).toBe(figure('htlc transaction without witness'))
      const isTimeout = type === 'htlc_timeout'
      const last = isTimeout ? EMPTY : new Uint8Array(32)
      const witness = [EMPTY, SIGNATURE, SIGNATURE, last, spends.witnessScript]
      const expected = (isTimeout ? HTLC_TIMEOUT_WITNESS_WEIGHT : HTLC_SUCCESS_WITNESS_WEIGHT)[format]
      expect(witnessWeight(witness)).toBe(expected)
      expect(expected).toBe(figure(`${isTimeout ? 'htlc-timeout' : 'htlc-success'} witness, ${suffix}`))
      // HTLC-success is reckoned with one more than it weighs, for historical reasons.
      const weight = txWeight(withWitness(tx, 0, witness))
      expect((isTimeout ? HTLC_TIMEOUT_WEIGHT : HTLC_SUCCESS_WEIGHT)[format]).toBe(isTimeout ? weight : weight + 1)
    }
    expect(HTLC_TIMEOUT_WEIGHT[format]).toBe(figure(`htlc-timeout weight, ${suffix}`))
    expect(HTLC_SUCCESS_WEIGHT[format]).toBe(figure(`htlc-success weight, ${suffix}`))
  })

  it('claims, never lighter than what is really spent', () => {
    const offered = offeredHtlcScript(format, keys, hash)
    const received = receivedHtlcScript(format, keys, { paymentHash: hash, cltvExpiry: 0x7fffff + 1 })
    const key = keys.revocationPubkey
    expect(OFFERED_HTLC_REVOKED_WITNESS_WEIGHT[format]).toBe(witnessWeight([SIGNATURE, key, offered]))
    expect(RECEIVED_HTLC_REVOKED_WITNESS_WEIGHT[format]).toBe(witnessWeight([SIGNATURE, key, received]))
    expect(HTLC_PREIMAGE_WITNESS_WEIGHT[format]).toBe(witnessWeight([SIGNATURE, new Uint8Array(32), offered]))
    expect(HTLC_EXPIRED_WITNESS_WEIGHT[format]).toBe(witnessWeight([SIGNATURE, EMPTY, received]))
    const toRemote =
      format === 'static_remotekey'
        ? keys.counterpartyPaymentPubkey
        : toRemoteAnchorScript(keys.counterpartyPaymentPubkey)
    expect(TO_REMOTE_WITNESS_WEIGHT[format]).toBe(witnessWeight([SIGNATURE, toRemote]))
  })
})

describe('BOLT 5 appendix A', () => {
  it('penalty witnesses', () => {
    expect(REVOKED_WITNESS_WEIGHT).toBe(figure('to_local penalty witness'))
    expect(OFFERED_HTLC_REVOKED_WITNESS_WEIGHT.static_remotekey).toBe(figure('offered htlc penalty witness'))
    // It reckons with an expiry of 3 bytes, BOLT 3 with one of 4.
    expect(RECEIVED_HTLC_REVOKED_WITNESS_WEIGHT.static_remotekey).toBe(figure('received htlc penalty witness') + 1)
    const received = receivedHtlcScript('static_remotekey', keys, { paymentHash: hash, cltvExpiry: 900_000 })
    expect(received.length).toBe(figure('received htlc script'))
  })

  it('to_local, with the longest delay there is', () => {
    const script = toLocalScript(keys, 0xffff)
    expect(script.length).toBeLessThanOrEqual(figure('to_local script'))
    expect(witnessWeight([SIGNATURE, Uint8Array.of(1), script])).toBeLessThanOrEqual(REVOKED_WITNESS_WEIGHT)
    expect(witnessWeight([SIGNATURE, EMPTY, script])).toBeLessThanOrEqual(DELAYED_WITNESS_WEIGHT)
  })

  it('anchors', () => {
    const script = anchorScript(keys.holderFundingPubkey)
    expect(ANCHOR_WITNESS_WEIGHT).toBe(witnessWeight([SIGNATURE, script]))
    expect(ANCHOR_ANYONE_WITNESS_WEIGHT).toBe(witnessWeight(anchorAnyoneWitness(script)))
  })
})
