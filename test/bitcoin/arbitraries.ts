import fc from 'fast-check'
import { MAX_MONEY_SAT, sat, txidFromWire } from '../../src/base/index.ts'
import type { Tx, TxIn, TxOut } from '../../src/bitcoin/index.ts'

// Transactions of every shape that our codec writes, with witnesses or without. They are small: the edges of CompactSize are
// tried by hand.

const u32 = fc.integer({ min: 0, max: 0xffffffff })
const bytes = fc.uint8Array({ maxLength: 300 })
const witness = fc.array(bytes, { maxLength: 4 })

export const txInArbitrary: fc.Arbitrary<TxIn> = fc.record({
  outpoint: fc.record({ txid: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(txidFromWire), vout: u32 }),
  scriptSig: bytes,
  sequence: u32,
  witness,
})

export const txOutArbitrary: fc.Arbitrary<TxOut> = fc.record({
  amountSat: fc.bigInt(0n, MAX_MONEY_SAT).map(sat),
  script: bytes,
})

export const txArbitrary: fc.Arbitrary<Tx> = fc.record({
  version: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  inputs: fc.array(txInArbitrary, { minLength: 1, maxLength: 5 }),
  outputs: fc.array(txOutArbitrary, { maxLength: 5 }),
  locktime: u32,
})
