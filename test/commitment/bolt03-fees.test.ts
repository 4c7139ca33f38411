import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat, sat } from '../../src/base/index.ts'
import { dustLimitSat, p2pkhScript, p2shScript, p2wpkhScriptFromHash, p2wshScript } from '../../src/bitcoin/index.ts'
import {
  anchorsCostSat,
  buildCommitmentTx,
  commitmentFeeSat,
  commitmentWeight,
  htlcTxFeeSat,
  isTrimmed,
} from '../../src/commitment/index.ts'
import vectors from './bolt03-fees.vectors.json' with { type: 'json' }
import { commitmentInput, FORMATS, htlc } from './fixture.ts'

// BOLT 3, fee calculation (with its example), trimmed outputs and dust limits.

const example = vectors.cases.flatMap(vector => (vector.kind === 'commitmentFee' ? [vector] : []))[0]

describe('BOLT 3 fee calculation, example', () => {
  if (example?.htlcs === undefined) throw new Error('no example')
  const terms = {
    format: 'static_remotekey',
    feeratePerKw: feeratePerKw(example.feeratePerKw ?? 0),
    dustLimitSat: sat(BigInt(example.dustLimitSat ?? '')),
  } as const
  const htlcs = example.htlcs.map((each, id) =>
    htlc(each.direction === 'offered' ? 'offered' : 'received', id, Number(each.amountMsat)),
  )

  it('fees of the second stages', () => {
    expect(htlcTxFeeSat('static_remotekey', terms.feeratePerKw, 'offered')).toBe(
      BigInt(example.htlcTimeoutFeeSat ?? ''),
    )
    expect(htlcTxFeeSat('static_remotekey', terms.feeratePerKw, 'received')).toBe(
      BigInt(example.htlcSuccessFeeSat ?? ''),
    )
  })

  it('trims two of four', () => {
    expect(htlcs.map(each => isTrimmed(each, terms))).toEqual(example.htlcs?.map(({ trimmed }) => trimmed))
  })

  it('base fee and actual fee', () => {
    expect(commitmentWeight('static_remotekey', 2)).toBe(example.commitmentWeightWu)
    expect(commitmentFeeSat('static_remotekey', terms.feeratePerKw, 2)).toBe(BigInt(example.baseFeeSat ?? ''))
    const commitment = buildCommitmentTx(commitmentInput('static_remotekey', { ...terms, htlcs }))
    expect(commitment.feeSat).toBe(BigInt(example.actualFeeSat ?? ''))
    expect(commitment.trimmedHtlcs.map(({ id }) => id)).toEqual([1, 3])
  })
})

describe('BOLT 3 trimmed outputs', () => {
  const terms = { feeratePerKw: feeratePerKw(5000), dustLimitSat: sat(546) }

  it.each([
    ['static_remotekey', 'offered', 546n + 3315n],
    ['static_remotekey', 'received', 546n + 3515n],
    ['anchors_zero_fee_htlc', 'offered', 546n],
    ['anchors_zero_fee_htlc', 'received', 546n],
  ] as const)(
    '%s, %s: at the limit there is an output, one millisatoshi below there is none',
    (format, direction, limit) => {
      expect(isTrimmed({ direction, amountMsat: msat(limit * 1000n) }, { ...terms, format })).toBe(false)
      expect(isTrimmed({ direction, amountMsat: msat(limit * 1000n - 1n) }, { ...terms, format })).toBe(true)
    },
  )

  it.each(FORMATS)('%s: a balance at the dust limit has an output, one below it has none', format => {
    const fee = commitmentFeeSat(format, terms.feeratePerKw, 0) + anchorsCostSat(format)
    const at = (toLocal: bigint) =>
      buildCommitmentTx(
        commitmentInput(format, {
          ...terms,
          toHolderMsat: msat((toLocal + fee) * 1000n),
          toCounterpartyMsat: msat((1_000_000n - toLocal - fee) * 1000n),
        }),
      ).outputs.map(({ type }) => type)
    expect(at(546n)).toContain('to_local')
    expect(at(545n)).not.toContain('to_local')
    // Without HTLCs an anchor goes only with the balance that it belongs to.
    expect(at(546n).includes('local_anchor')).toBe(format === 'anchors_zero_fee_htlc')
    expect(at(545n)).not.toContain('local_anchor')
    expect(at(545n).includes('remote_anchor')).toBe(format === 'anchors_zero_fee_htlc')
  })

  it('with an HTLC both anchors are there, whatever the balances', () => {
    const htlcs = [htlc('received', 0, 400_000_000)]
    const dustLimitSat = sat(700_000)
    expect(buildCommitmentTx(commitmentInput('anchors_zero_fee_htlc', { htlcs, dustLimitSat })).outputs.length).toBe(0)
    const kept = buildCommitmentTx(
      commitmentInput('anchors_zero_fee_htlc', {
        htlcs,
        toHolderMsat: msat(600_000_000),
        toCounterpartyMsat: msat(0),
        dustLimitSat: sat(399_000),
        feeratePerKw: feeratePerKw(253_000),
      }),
    )
    expect(kept.outputs.map(({ type }) => type).sort()).toEqual(['htlc', 'local_anchor', 'remote_anchor'])
  })
})

describe('BOLT 3 fee payment', () => {
  it.each(FORMATS)('%s: the opener pays, whoever holds the commitment', format => {
    const cost = commitmentFeeSat(format, feeratePerKw(1000), 0) + anchorsCostSat(format)
    const amounts = (holderIsOpener: boolean) => {
      const { outputs } = buildCommitmentTx(commitmentInput(format, { holderIsOpener }))
      return new Map(outputs.map(({ type, amountSat }) => [type, amountSat]))
    }
    expect(amounts(true).get('to_local')).toBe(600_000n - cost)
    expect(amounts(true).get('to_remote')).toBe(400_000n)
    expect(amounts(false).get('to_local')).toBe(600_000n)
    expect(amounts(false).get('to_remote')).toBe(400_000n - cost)
  })

  it.each(FORMATS)('%s: an opener that cannot pay the whole fee pays all it has', format => {
    const changes = { toHolderMsat: msat(500_999), toCounterpartyMsat: msat(999_499_001n) }
    const commitment = buildCommitmentTx(commitmentInput(format, changes))
    const types = commitment.outputs.map(({ type }) => type)
    expect(types).toEqual(format === 'static_remotekey' ? ['to_remote'] : ['remote_anchor', 'to_remote'])
    // 500 sat, the fractions of both balances, and not the anchor, which is an output.
    expect(commitment.feeSat).toBe(format === 'static_remotekey' ? 501n : 501n - 330n)
  })
})

describe('BOLT 3 fee payment, anchors', () => {
  it('an opener that cannot pay the anchors is for BOLT 2 to refuse: there is no such commitment', () => {
    const changes = { toHolderMsat: msat(328_999), toCounterpartyMsat: msat(999_671_001n) }
    expect(() => buildCommitmentTx(commitmentInput('anchors_zero_fee_htlc', changes))).toThrow('bug')
  })
})

describe('BOLT 3 dust limits', () => {
  const scripts: { readonly [type: string]: Uint8Array } = {
    p2pkh: p2pkhScript(new Uint8Array(20)),
    p2sh: p2shScript(new Uint8Array(20)),
    p2wpkh: p2wpkhScriptFromHash(new Uint8Array(20)),
    p2wsh: p2wshScript(new Uint8Array(1)),
    unknownSegwit: Uint8Array.of(0x60, 40, ...new Uint8Array(40)),
  }
  const cases = vectors.cases.flatMap(({ kind, scriptType, dustSat }) =>
    kind === 'dustThreshold' ? [[scriptType ?? '', dustSat ?? ''] as const] : [],
  )

  it.each(cases)('%s: %s sat', (type, dust) => {
    const script = scripts[type]
    if (script === undefined) throw new Error(`no script for ${type}`)
    expect(dustLimitSat(script)).toBe(BigInt(dust))
  })
})
