import { expect } from 'vitest'
import { ROLES } from '../../src/cli/demo/report.ts'

const sats = expect.toSatisfy((value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0, 'an amount in sat')
const count = expect.toSatisfy((value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0, 'a count')
const rate = expect.toSatisfy((value: unknown) => Number.isFinite(value) && Number(value) >= 0, 'a finite rate')
const hex = expect.stringMatching(/^([0-9a-f]{2})+$/)
const txid = expect.stringMatching(/^[0-9a-f]{64}$/)
const flow = { count, sumMsat: expect.stringMatching(/^(0|[1-9]\d*)$/) }
const person = expect.stringMatching(/^(alice|bob)$/)

/** What scripts are promised of `bookend demo --json`: all keys, of the right kind, and no other keys. */
export function expectDemoJson(json: unknown, run: { readonly scenario: string; readonly count: number }): void {
  expect(json).toEqual({
    scenario: run.scenario,
    network: 'regtest',
    capacitySat: sats,
    payments: {
      count: run.count,
      perSecond: rate,
      seconds: rate,
      aliceToBob: flow,
      bobToAlice: flow,
      mostInFlight: count,
      messages: count,
      bytes: count,
    },
    onchain: expect.toSatisfy((list: readonly unknown[]) => Array.isArray(list) && list.length >= 2, 'transactions'),
    final: { alice: { onchainSat: sats }, bob: { onchainSat: sats } },
    left: expect.any(Array),
    channelFeesSat: sats,
    fundingFeeSat: sats,
    onchainInstead: { transactions: count, vbytes: count, feesSat: sats, blocks: count },
    story: expect.any(Array),
    crypto: expect.any(String),
    addsUp: true,
  })
  const { onchain, left, story } = json as Readonly<Record<'onchain' | 'left' | 'story', readonly unknown[]>>
  for (const tx of onchain) {
    expect(tx).toEqual({
      role: expect.stringMatching(new RegExp(`^(${ROLES.join('|')})$`)),
      txid,
      hex,
      feeSat: sats,
      height: count,
      vsize: count,
      by: person,
      meaning: expect.stringMatching(/\w/),
    })
  }
  for (const output of left)
    expect(output).toEqual({ txid, vout: count, amountSat: sats, owner: person, why: expect.stringMatching(/\w/) })
  for (const step of story)
    expect(step).toEqual({ height: count, who: expect.stringMatching(/^(alice|bob|chain)$/), text: expect.any(String) })
}
