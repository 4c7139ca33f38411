import { describe, expect, it } from 'vitest'
import { sat } from '../../src/base/index.ts'
import type { DemoReport } from '../../src/cli/demo/report.ts'
import { accountOf } from '../../src/cli/demo/sums.ts'
import { COOPERATIVE, doctored, REPORTS, VANISH } from './demoFixture.ts'

describe('the account of a run', () => {
  it.each(REPORTS)('comes out for $scenario', report => {
    const account = accountOf(report)
    expect(account.complaints).toEqual([])
    expect(account.sumSat).toBe(report.capacitySat)
  })

  it('counts each part once', () => {
    expect(accountOf(VANISH)).toMatchObject({
      aliceSat: 6_986_340n,
      bobSat: 3_000_000n,
      leftSat: 660n,
      feesSat: 13_000n,
    })
  })

  const wrong: Readonly<Record<string, readonly [DemoReport, RegExp]>> = {
    'one satoshi too many': [doctored(COOPERATIVE, 1n), /capacity: 10,000,001 is not 10,000,000/],
    'one satoshi too few': [doctored(COOPERATIVE, -1n), /capacity: 9,999,999 is not 10,000,000/],
    'an output that is left and not told': [{ ...VANISH, left: VANISH.left.slice(1) }, /capacity: 9,999,670 is not/],
    'a transaction that is not told': [
      { ...COOPERATIVE, onchain: COOPERATIVE.onchain.slice(0, 1) },
      /capacity: 9,998,310/,
    ],
    'a sum of fees that is not theirs': [{ ...COOPERATIVE, channelFeesSat: sat(1) }, /fees .*: 1,690 is not 1$/],
    'a fee of the funding that is not its own': [
      { ...COOPERATIVE, fundingFeeSat: sat(2) },
      /funding.*: 1,530 is not 2$/,
    ],
    'a payment that went neither way': [
      { ...COOPERATIVE, payments: { ...COOPERATIVE.payments, count: 10_001 } },
      /payments .*: 10,000 is not 10,001/,
    ],
  }
  it.each(Object.entries(wrong))('complains about %s', (_, [report, sentence]) => {
    expect(accountOf(report).complaints.join('\n')).toMatch(sentence)
  })
})
