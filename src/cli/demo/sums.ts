import { type Sat, sat } from '../../base/index.ts'
import type { DemoReport } from './report.ts'
import { grouped } from './text.ts'

// The account of a run: where each satoshi of the capacity is. Computed here from the report, never taken on trust.

export interface Account {
  readonly aliceSat: Sat
  readonly bobSat: Sat
  readonly leftSat: Sat
  /** Fees of the transactions that spend from the channel, added up one by one. */
  readonly feesSat: Sat
  readonly sumSat: Sat
  /** A sentence for each sum that does not come out. Empty when every satoshi is accounted for. */
  readonly complaints: readonly string[]
}

export function accountOf(report: DemoReport): Account {
  const aliceSat = report.final.alice.onchainSat
  const bobSat = report.final.bob.onchainSat
  const leftSat = total(report.left.map(output => output.amountSat))
  const feesSat = total(report.onchain.filter(tx => tx.role !== 'funding').map(tx => tx.feeSat))
  const sumSat = total([aliceSat, bobSat, leftSat, feesSat])
  return { aliceSat, bobSat, leftSat, feesSat, sumSat, complaints: complaintsAbout(report, { feesSat, sumSat }) }
}

function complaintsAbout(report: DemoReport, { feesSat, sumSat }: Pick<Account, 'feesSat' | 'sumSat'>): string[] {
  const fundingFeeSat = total(report.onchain.filter(tx => tx.role === 'funding').map(tx => tx.feeSat))
  const { aliceToBob, bobToAlice, count } = report.payments
  const pairs: readonly { readonly what: string; readonly is: bigint | number; readonly should: bigint | number }[] = [
    { what: 'balances, fees and what is left, in sat, against the capacity', is: sumSat, should: report.capacitySat },
    { what: 'fees of the transactions, in sat, against the reported ones', is: feesSat, should: report.channelFeesSat },
    { what: 'fee of the funding, in sat, against the reported one', is: fundingFeeSat, should: report.fundingFeeSat },
    {
      what: 'payments of both directions, against their count',
      is: aliceToBob.count + bobToAlice.count,
      should: count,
    },
  ]
  return pairs.flatMap(({ what, is, should }) =>
    is === should ? [] : [`${what}: ${grouped(is)} is not ${grouped(should)}`],
  )
}

function total(amounts: readonly Sat[]): Sat {
  return amounts.reduce((sum, amount) => sat(sum + amount), sat(0))
}
