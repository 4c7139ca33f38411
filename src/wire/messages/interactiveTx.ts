import { array, struct, u16, u32, u64, type ValueOf } from '../../base/index.ts'
import {
  channelIdCodec,
  feeratePerKwCodec,
  present,
  satoshis,
  shortBytes,
  signature,
  txidCodec,
} from '../fundamental.ts'
import { s64 } from '../integers.ts'
import { extended } from '../tlv.ts'
import type { MessageTable } from './table.ts'

// Interactive transaction construction (BOLT 2). A `serialId` is any number of 64 bits: random, even for the initiator.

const txAddInputCodec = extended(
  struct({ channelId: channelIdCodec, serialId: u64, prevtx: shortBytes, prevtxVout: u32, sequence: u32 }),
  { sharedInputTxid: [0n, txidCodec] },
)
/**
 * Adds an input: an output of `prevtx`, or of the funding that both know and `sharedInputTxid` names; `prevtx` is empty
 * then (BOLT 2, `tx_add_input`).
 */
export interface TxAddInput extends ValueOf<typeof txAddInputCodec> {
  readonly type: 'tx_add_input'
}

const txAddOutputCodec = extended(
  struct({ channelId: channelIdCodec, serialId: u64, sats: satoshis, script: shortBytes }),
  {},
)
/** Adds an output (BOLT 2, `tx_add_output`). */
export interface TxAddOutput extends ValueOf<typeof txAddOutputCodec> {
  readonly type: 'tx_add_output'
}

const txRemoveCodec = extended(struct({ channelId: channelIdCodec, serialId: u64 }), {})
/** Takes back an input that the sender added (BOLT 2, `tx_remove_input`). */
export interface TxRemoveInput extends ValueOf<typeof txRemoveCodec> {
  readonly type: 'tx_remove_input'
}
/** Takes back an output that the sender added (BOLT 2, `tx_remove_output`). */
export interface TxRemoveOutput extends ValueOf<typeof txRemoveCodec> {
  readonly type: 'tx_remove_output'
}

const txCompleteCodec = extended(struct({ channelId: channelIdCodec }), {})
/** The sender has nothing to add (BOLT 2, `tx_complete`). */
export interface TxComplete extends ValueOf<typeof txCompleteCodec> {
  readonly type: 'tx_complete'
}

const txSignaturesCodec = extended(
  // A witness stays in the serialization of bitcoin, which this room does not know.
  struct({ channelId: channelIdCodec, txid: txidCodec, witnesses: array(u16, shortBytes) }),
  { sharedInputSignature: [0n, signature] },
)
/** The witnesses of the sender's inputs, in the order of their `serialId` (BOLT 2, `tx_signatures`). */
export interface TxSignatures extends ValueOf<typeof txSignaturesCodec> {
  readonly type: 'tx_signatures'
}

/** In satoshis; negative where a splice takes out of the channel. */
const rbfRecords = { fundingOutputContribution: [0n, s64], requireConfirmedInputs: [2n, present] } as const

const txInitRbfCodec = extended(
  struct({ channelId: channelIdCodec, locktime: u32, feerate: feeratePerKwCodec }),
  rbfRecords,
)
/** Asks to replace the transaction by one that pays more (BOLT 2, `tx_init_rbf`). */
export interface TxInitRbf extends ValueOf<typeof txInitRbfCodec> {
  readonly type: 'tx_init_rbf'
}

const txAckRbfCodec = extended(struct({ channelId: channelIdCodec }), rbfRecords)
/** Agrees to the replacement (BOLT 2, `tx_ack_rbf`). */
export interface TxAckRbf extends ValueOf<typeof txAckRbfCodec> {
  readonly type: 'tx_ack_rbf'
}

const txAbortCodec = extended(struct({ channelId: channelIdCodec, data: shortBytes }), {})
/** Ends the negotiation, not the channel (BOLT 2, `tx_abort`). */
export interface TxAbort extends ValueOf<typeof txAbortCodec> {
  readonly type: 'tx_abort'
}

/** Building a transaction together (BOLT 2, interactive transaction construction). */
export type InteractiveTxMessage =
  | TxAddInput
  | TxAddOutput
  | TxRemoveInput
  | TxRemoveOutput
  | TxComplete
  | TxSignatures
  | TxInitRbf
  | TxAckRbf
  | TxAbort

export const interactiveTxMessages: MessageTable<InteractiveTxMessage> = {
  tx_add_input: [66, txAddInputCodec],
  tx_add_output: [67, txAddOutputCodec],
  tx_remove_input: [68, txRemoveCodec],
  tx_remove_output: [69, txRemoveCodec],
  tx_complete: [70, txCompleteCodec],
  tx_signatures: [71, txSignaturesCodec],
  tx_init_rbf: [72, txInitRbfCodec],
  tx_ack_rbf: [73, txAckRbfCodec],
  tx_abort: [74, txAbortCodec],
}
