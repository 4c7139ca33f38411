import { bytesEqual, channelIdFromOutPoint } from '../../base/index.ts'
import { type Tx, txid } from '../../bitcoin/index.ts'
import { signCommitment } from '../../commitment/index.ts'
import { done, type Outcome, reject } from '../outcome.ts'
import type { ChannelContext, WaitForFundingSigned, WaitForFundingTransaction } from '../types.ts'
import { firstCommitment, fundingOutput } from './firstCommitment.ts'
import { firstBroken, type Rule } from './rules.ts'

const SECTION = 'BOLT 2, funding_created, sender'
/** `funding_output_index` has two bytes. */
const MAX_FUNDING_OUTPUT_INDEX = 0xffff

/**
 * The wallet's funding transaction: the peer gets its outpoint and our signature for the peer's first commitment. Without a
 * txid that holds still, that commitment would spend nothing: hence segwit inputs only, and every one of them signed.
 */
export function fundingTransaction(channel: WaitForFundingTransaction, tx: Tx, context: ChannelContext): Outcome {
  const wanted = fundingOutput(channel)
  const vout = tx.outputs.findIndex(
    output => output.amountSat === wanted.amountSat && bytesEqual(output.script, wanted.script),
  )
  const fundingOutpoint = { txid: txid(tx), vout }
  const facts = firstBroken(SECTION, fundingRules(channel, tx, vout))
  if (facts !== undefined) return reject(facts)
  const next: WaitForFundingSigned = {
    ...channel,
    state: 'wait_for_funding_signed',
    fundingTx: tx,
    fundingOutpoint,
    channelId: channelIdFromOutPoint(fundingOutpoint),
  }
  const signature = signCommitment(firstCommitment(channel, fundingOutpoint, 'remote'), context.secrets.fundingSecret)
  const message = {
    type: 'funding_created',
    temporaryChannelId: channel.temporaryChannelId,
    fundingTxid: fundingOutpoint.txid,
    fundingOutputIndex: vout,
    signature,
  } as const
  return done(next, [{ type: 'send', message }])
}

function fundingRules(channel: WaitForFundingTransaction, tx: Tx, vout: number): readonly Rule[] {
  const legacy = tx.inputs.findIndex(input => input.scriptSig.length > 0)
  const unsigned = tx.inputs.findIndex(input => input.witness.length === 0)
  return [
    {
      code: 'funding_output_missing',
      holds: vout >= 0,
      expected: `an output of exactly ${channel.fundingAmountSat} sat to the funding script`,
      got: `a transaction with ${tx.outputs.length} other outputs`,
    },
    {
      code: 'funding_output_index_too_large',
      holds: vout <= MAX_FUNDING_OUTPUT_INDEX,
      expected: `the funding output at index ${MAX_FUNDING_OUTPUT_INDEX} or below`,
      got: `index ${vout}`,
    },
    {
      code: 'funding_input_not_segwit',
      holds: legacy < 0,
      expected: 'segwit inputs only, so that the txid cannot change',
      got: `a scriptSig in input ${legacy}`,
    },
    {
      code: 'funding_input_not_signed',
      holds: unsigned < 0,
      expected: 'a witness in every input',
      got: `none in input ${unsigned}`,
    },
  ]
}
