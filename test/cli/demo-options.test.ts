import { describe, expect, it } from 'vitest'
import { DEFAULT_PAYMENTS, DEFAULT_SCENARIO, MAX_PAYMENTS, readOptions } from '../../src/cli/demo/options.ts'
import { SCENARIOS } from '../../src/cli/demo/report.ts'

const read = (typed: { readonly scenario?: string; readonly payments?: string; readonly json?: boolean }) =>
  readOptions({ scenario: DEFAULT_SCENARIO, payments: String(DEFAULT_PAYMENTS), ...typed })

describe('the options of the demo', () => {
  it('have defaults that are allowed', () => {
    expect(read({})).toEqual({ ok: true, value: { scenario: 'cooperative', payments: 10_000, json: false } })
  })

  it.each(SCENARIOS)('take the scenario %s', scenario => {
    expect(read({ scenario })).toMatchObject({ ok: true, value: { scenario } })
  })

  it.each(['', 'force', 'Cheat', 'cheat ', 'cooperative,cheat', 'toString'])('refuse the scenario %j', scenario => {
    expect(read({ scenario })).toEqual({
      ok: false,
      error: `--scenario is one of cooperative, vanish, cheat, not '${scenario}'.`,
    })
  })

  it.each([
    ['0', 0],
    ['1', 1],
    ['007', 7],
    ['10000', 10_000],
    ['999999', 999_999],
    [String(MAX_PAYMENTS), 1_000_000],
  ])('take %s payments', (payments, count) => {
    expect(read({ payments })).toMatchObject({ ok: true, value: { payments: count } })
  })

  it.each([
    ...['', ' ', 'many', '-1', '+1', '1.5', '1e3', '0x10', '10,000', '10_000', ' 5', '5 ', 'NaN', 'Infinity', '٣'],
    String(MAX_PAYMENTS + 1),
    '9'.repeat(400),
  ])('refuse %j payments', payments => {
    expect(read({ payments })).toEqual({
      ok: false,
      error: `--payments is a whole number from 0 to 1,000,000, in digits only, not '${payments}'.`,
    })
  })

  it('take --json', () => {
    expect(read({ json: true })).toMatchObject({ ok: true, value: { json: true } })
  })
})
