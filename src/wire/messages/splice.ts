import { bool, struct, u16, u32, type ValueOf } from '../../base/index.ts'
import { channelIdCodec, feeratePerKwCodec, point, present, txidCodec } from '../fundamental.ts'
import { s64 } from '../integers.ts'
import { extended } from '../tlv.ts'
import type { MessageTable } from './table.ts'

// Quiescence, splicing, and the batches of `commitment_signed` that a splice asks for (BOLT 2).

const stfuCodec = extended(struct({ channelId: channelIdCodec, initiator: bool }), {})
/** The sender stops updating; `initiator` unless it replies (BOLT 2, channel quiescence). */
export interface Stfu extends ValueOf<typeof stfuCodec> {
  readonly type: 'stfu'
}

const spliceRecords = { requireConfirmedInputs: [2n, present] } as const

const spliceInitCodec = extended(
  struct({
    channelId: channelIdCodec,
    fundingContributionSatoshis: s64,
    fundingFeeratePerkw: feeratePerKwCodec,
    locktime: u32,
    fundingPubkey: point,
  }),
  spliceRecords,
)
/** Asks for a new funding; a negative contribution takes out of the channel (BOLT 2, the `splice_init` message). */
export interface SpliceInit extends ValueOf<typeof spliceInitCodec> {
  readonly type: 'splice_init'
}

const spliceAckCodec = extended(
  struct({ channelId: channelIdCodec, fundingContributionSatoshis: s64, fundingPubkey: point }),
  spliceRecords,
)
/** Agrees to the splice, with a contribution of its own (BOLT 2, the `splice_ack` message). */
export interface SpliceAck extends ValueOf<typeof spliceAckCodec> {
  readonly type: 'splice_ack'
}

const spliceLockedCodec = extended(struct({ channelId: channelIdCodec, spliceTxid: txidCodec }), {})
/** The splice is deep enough for the sender (BOLT 2, the `splice_locked` message). */
export interface SpliceLocked extends ValueOf<typeof spliceLockedCodec> {
  readonly type: 'splice_locked'
}

const startBatchCodec = extended(struct({ channelId: channelIdCodec, batchSize: u16 }), { messageType: [1n, u16] })
/** The next `batchSize` messages belong together; they are of type `messageType` (BOLT 2, batching channel messages). */
export interface StartBatch extends ValueOf<typeof startBatchCodec> {
  readonly type: 'start_batch'
}

/** Replacing the funding of a channel while it lives (BOLT 2, channel quiescence and channel splicing). */
export type SpliceMessage = Stfu | SpliceInit | SpliceAck | SpliceLocked | StartBatch

export const spliceMessages: MessageTable<SpliceMessage> = {
  stfu: [2, stfuCodec],
  splice_locked: [77, spliceLockedCodec],
  splice_init: [80, spliceInitCodec],
  splice_ack: [81, spliceAckCodec],
  start_batch: [127, startBatchCodec],
}
