import { type Sat, sat, type Txid } from '../../src/base/index.ts'
import type { DemoReport, OnchainTransaction, Role } from '../../src/cli/demo/report.ts'

// Runs of the demo, made by hand, whose sums come out.

const TXID = (start: string) => start.padEnd(64, '0123456789abcdef') as Txid

export function transaction(role: Role, over: Partial<OnchainTransaction> = {}): OnchainTransaction {
  return {
    role,
    txid: TXID(role === 'funding' ? 'f00d' : 'c105e'),
    hex: '0200000001',
    feeSat: sat(1_530),
    height: 102,
    vsize: 153,
    by: 'alice',
    meaning: `What the ${role} transaction is for, in a sentence that says why it is there.`,
    ...over,
  }
}

export const COOPERATIVE: DemoReport = {
  scenario: 'cooperative',
  network: 'regtest',
  capacitySat: sat(10_000_000),
  payments: {
    count: 10_000,
    perSecond: 1_234.5,
    seconds: 8.1,
    aliceToBob: { count: 6_000, sumMsat: 9_007_199_254_740_993n },
    bobToAlice: { count: 4_000, sumMsat: 3_000_000_001n },
    mostInFlight: 60,
    messages: 43_210,
    bytes: 12_345_678,
  },
  onchain: [
    transaction('funding'),
    transaction('mutual-close', { feeSat: sat(1_690), height: 108, vsize: 169, by: 'bob' }),
  ],
  final: { alice: { onchainSat: sat(7_000_000) }, bob: { onchainSat: sat(2_998_310) } },
  left: [],
  channelFeesSat: sat(1_690),
  fundingFeeSat: sat(1_530),
  onchainInstead: { transactions: 10_000, vbytes: 1_410_000, feesSat: sat(14_100_000), blocks: 2 },
  story: [
    { height: 101, who: 'alice', text: 'offers Bob a channel of 10,000,000 sat' },
    { height: 108, who: 'chain', text: 'the funding transaction is six blocks deep' },
    { height: 108, who: 'bob', text: 'agrees to close' },
  ],
  crypto: 'native',
}

/** Bob is gone; several outputs come home one by one, and two small ones stay. */
export const VANISH: DemoReport = {
  ...COOPERATIVE,
  scenario: 'vanish',
  onchain: [
    transaction('funding'),
    transaction('commitment', { feeSat: sat(8_000), height: 110, vsize: 483 }),
    ...([111, 112, 113, 114] as const).map(height =>
      transaction(height < 113 ? 'htlc-timeout' : 'htlc-success', { feeSat: sat(1_000), height, vsize: 166 }),
    ),
    transaction('claim', { feeSat: sat(1_000), height: 255 }),
  ],
  final: { alice: { onchainSat: sat(6_986_340) }, bob: { onchainSat: sat(3_000_000) } },
  left: [0, 1].map(vout => ({
    txid: TXID('c0'),
    vout,
    amountSat: sat(330),
    owner: vout === 0 ? 'alice' : 'bob',
    why: 'an anchor of 330 sat is worth less than the fee to take it',
  })),
  channelFeesSat: sat(13_000),
  story: Array.from({ length: 30 }, (_, step) => ({
    height: 101 + step,
    who: (['alice', 'bob', 'chain'] as const)[step % 3] ?? 'chain',
    text: `step ${step} of the story, told in so many words that one line of the terminal is not enough for all of them, is it`,
  })),
}

/** Bob published an old state and has nothing left. */
export const CHEAT: DemoReport = {
  ...COOPERATIVE,
  scenario: 'cheat',
  onchain: [
    transaction('funding'),
    transaction('commitment', { feeSat: sat(2_000), height: 110, by: 'bob' }),
    transaction('penalty', { feeSat: sat(3_000), height: 111, vsize: 312 }),
  ],
  final: { alice: { onchainSat: sat(9_995_000) }, bob: { onchainSat: sat(0) } },
  channelFeesSat: sat(5_000),
}

export const REPORTS: readonly DemoReport[] = [COOPERATIVE, VANISH, CHEAT]

/** The same run with Alice's balance off by `by` satoshis. */
export function doctored(report: DemoReport, by: bigint): DemoReport {
  const onchainSat: Sat = sat(report.final.alice.onchainSat + by)
  return { ...report, final: { ...report.final, alice: { onchainSat } } }
}
