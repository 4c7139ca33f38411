import { msatToSat, subtract } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { htlcTxFeeSat } from './fees.ts'
import type { CommitmentTx, HtlcOutput, HtlcTx } from './types.ts'

/** The second stage of one HTLC output of a commitment (BOLT 3, HTLC-timeout and HTLC-success transactions). */
export function buildHtlcTx(commitment: CommitmentTx, output: HtlcOutput): HtlcTx {
  const { format, feeratePerKw } = commitment.input
  const { direction, cltvExpiry } = output.htlc
  const tx: Tx = {
    version: 2,
    inputs: [
      {
        outpoint: { txid: commitment.txid, vout: output.vout },
        scriptSig: new Uint8Array(0),
        sequence: format === 'anchors_zero_fee_htlc' ? 1 : 0,
        witness: [],
      },
    ],
    outputs: [
      {
        // An untrimmed HTLC is at least dust after this fee, so the difference is never negative.
        amountSat: subtract(msatToSat(output.htlc.amountMsat), htlcTxFeeSat(format, feeratePerKw, direction)),
        script: commitment.delayed.script,
      },
    ],
    locktime: direction === 'offered' ? cltvExpiry : 0,
  }
  const type = direction === 'offered' ? 'htlc_timeout' : 'htlc_success'
  return { type, format, spends: output, tx, outputWitnessScript: commitment.delayed.witnessScript }
}
