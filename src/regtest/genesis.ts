import { type BlockHash, fromHex, sat, type Txid, txidToWire } from '../base/index.ts'
import { type Block, headerHash, merkleRoot, type Tx } from '../bitcoin/index.ts'
import { INITIAL_SUBSIDY_SAT, REGTEST_BITS, SEQUENCE_FINAL } from './params.ts'
import { txFacts } from './txFacts.ts'

// The first block of regtest: the first transaction of all bitcoin networks, under a header of regtest's own.

/** The outpoint that a coinbase names: it spends nothing. */
export const NULL_OUTPOINT = { txid: '00'.repeat(32) as Txid, vout: 0xffffffff }

const GENESIS_COINBASE: Tx = {
  version: 1,
  inputs: [
    {
      outpoint: NULL_OUTPOINT,
      scriptSig: fromHex(
        '04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f6620' +
          '7365636f6e64206261696c6f757420666f722062616e6b73',
      ),
      sequence: SEQUENCE_FINAL,
      witness: [],
    },
  ],
  outputs: [
    {
      amountSat: sat(INITIAL_SUBSIDY_SAT),
      script: fromHex(
        '4104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7' +
          'ba0b8d578a4c702b6bf11d5fac',
      ),
    },
  ],
  locktime: 0,
}

export const REGTEST_GENESIS: Block = {
  header: {
    version: 1,
    previous: '00'.repeat(32) as BlockHash,
    merkleRoot: merkleRoot([txidToWire(txFacts(GENESIS_COINBASE).txid)]).root,
    time: 1_296_688_602,
    bits: REGTEST_BITS,
    nonce: 2,
  },
  transactions: [GENESIS_COINBASE],
}

export const REGTEST_GENESIS_HASH: BlockHash = headerHash(REGTEST_GENESIS.header)
