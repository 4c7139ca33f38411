import { describe, expect, test } from 'vitest'
import { jsonEncode, utf8Encode } from '../../src/base/index.ts'
import { loadPayments, NEW_PAYMENTS } from '../../src/payment/index.ts'

// What a start loads. That it is what was there stands in all the other tests: each of their steps is compared with its records.

describe('the records', () => {
  test('of a new node are none', () => {
    expect(loadPayments(new Map())).toEqual({ ok: true, value: NEW_PAYMENTS })
  })

  test('the counter alone is the counter', () => {
    const records = new Map([['payments/next', jsonEncode(17)]])
    expect(loadPayments(records)).toEqual({ ok: true, value: { ...NEW_PAYMENTS, nextNumber: 17 } })
  })

  test('that are no JSON are refused by their key', () => {
    expect(loadPayments(new Map([['token/shop', utf8Encode('{"id":')]]))).toMatchObject({
      ok: false,
      error: { code: 'invalid', message: expect.stringContaining('record token/shop: expected JSON') },
    })
  })

  test.each(['payment/0000000000000001', 'invoices/x', 'head'])('that are of others are refused: %s', key => {
    expect(loadPayments(new Map([[key, jsonEncode({})]]))).toEqual({
      ok: false,
      error: { code: 'invalid', message: `expected a record of invoices, payments or tokens, got ${key}` },
    })
  })
})
