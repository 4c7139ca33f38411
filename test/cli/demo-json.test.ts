import { describe, expect, it } from 'vitest'
import { MAX_MONEY_SAT, type Sat } from '../../src/base/index.ts'
import { reportToJson } from '../../src/cli/demo/json.ts'
import { COOPERATIVE, doctored, REPORTS } from './demoFixture.ts'
import { expectDemoJson } from './demoSchema.ts'

describe('the demo as JSON', () => {
  it.each(REPORTS)('is one line with all that scripts are promised, for $scenario', report => {
    const text = reportToJson(report)
    expect(text).not.toContain('\n')
    expectDemoJson(JSON.parse(text), { scenario: report.scenario, count: report.payments.count })
  })

  it('writes sat as numbers and sums in msat as decimal strings, exact to the last digit', () => {
    expect(JSON.parse(reportToJson(COOPERATIVE))).toMatchObject({
      capacitySat: 10_000_000,
      payments: { aliceToBob: { count: 6_000, sumMsat: '9007199254740993' }, bobToAlice: { sumMsat: '3000000001' } },
      onchain: [
        { role: 'funding', feeSat: 1_530 },
        { role: 'mutual-close', feeSat: 1_690, by: 'bob' },
      ],
      final: { alice: { onchainSat: 7_000_000 }, bob: { onchainSat: 2_998_310 } },
      onchainInstead: { feesSat: 14_100_000 },
    })
  })

  it('can hold all the bitcoin there is, and stops at what a number would round', () => {
    const of = (capacitySat: Sat) => JSON.parse(reportToJson({ ...COOPERATIVE, capacitySat }))
    expect(BigInt(of(MAX_MONEY_SAT).capacitySat)).toBe(MAX_MONEY_SAT)
    expect(() => of((2n ** 53n) as Sat)).toThrow(/capacitySat/)
  })

  it('says whether the sums come out', () => {
    expect(JSON.parse(reportToJson(COOPERATIVE))).toMatchObject({ addsUp: true })
    expect(JSON.parse(reportToJson(doctored(COOPERATIVE, 1n)))).toMatchObject({ addsUp: false })
  })
})
