import fc from 'fast-check'
import type { InteractiveTxMessage, SpliceMessage } from '../../src/wire/index.ts'
import {
  arbitraryTxid,
  arbitraryChannelId as channelId,
  feerate,
  message,
  point,
  present,
  s64,
  satoshis,
  signature,
  someBytes,
  u16,
  u32,
  u64,
} from './arbitraryFields.ts'

type Negotiated = InteractiveTxMessage | SpliceMessage

const confirmed = { requireConfirmedInputs: present }
const replacement = { fundingOutputContribution: s64, ...confirmed }

/** The messages by which a transaction is built together, and a funding replaced. */
export const transactionArbitraries: {
  readonly [K in Negotiated['type']]: fc.Arbitrary<Extract<Negotiated, { type: K }>>
} = {
  tx_add_input: message(
    'tx_add_input',
    { channelId, serialId: u64, prevtx: someBytes, prevtxVout: u32, sequence: u32 },
    { sharedInputTxid: arbitraryTxid },
  ),
  tx_add_output: message('tx_add_output', { channelId, serialId: u64, sats: satoshis, script: someBytes }, {}),
  tx_remove_input: message('tx_remove_input', { channelId, serialId: u64 }, {}),
  tx_remove_output: message('tx_remove_output', { channelId, serialId: u64 }, {}),
  tx_complete: message('tx_complete', { channelId }, {}),
  tx_signatures: message(
    'tx_signatures',
    { channelId, txid: arbitraryTxid, witnesses: fc.array(someBytes, { maxLength: 4 }) },
    { sharedInputSignature: signature },
  ),
  tx_init_rbf: message('tx_init_rbf', { channelId, locktime: u32, feerate }, replacement),
  tx_ack_rbf: message('tx_ack_rbf', { channelId }, replacement),
  tx_abort: message('tx_abort', { channelId, data: someBytes }, {}),
  stfu: message('stfu', { channelId, initiator: fc.boolean() }, {}),
  splice_init: message(
    'splice_init',
    { channelId, fundingContributionSatoshis: s64, fundingFeeratePerkw: feerate, locktime: u32, fundingPubkey: point },
    confirmed,
  ),
  splice_ack: message('splice_ack', { channelId, fundingContributionSatoshis: s64, fundingPubkey: point }, confirmed),
  splice_locked: message('splice_locked', { channelId, spliceTxid: arbitraryTxid }, {}),
  start_batch: message('start_batch', { channelId, batchSize: u16 }, { messageType: u16 }),
}
