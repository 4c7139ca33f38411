import { struct, u32, type ValueOf } from '../../base/index.ts'
import { channelIdCodec, satoshis, shortBytes, signature } from '../fundamental.ts'
import { extended } from '../tlv.ts'
import type { MessageTable } from './table.ts'

// Channel close (BOLT 2).

const shutdownCodec = extended(struct({ channelId: channelIdCodec, scriptpubkey: shortBytes }), {})
/** No new HTLCs from here; the sender's output goes to `scriptpubkey` (BOLT 2, `shutdown`). */
export interface Shutdown extends ValueOf<typeof shutdownCodec> {
  readonly type: 'shutdown'
}

const closingSignedCodec = extended(struct({ channelId: channelIdCodec, feeSatoshis: satoshis, signature }), {
  feeRange: [1n, struct({ minFeeSatoshis: satoshis, maxFeeSatoshis: satoshis })],
})
/** One offer of the fee negotiation (BOLT 2, legacy closing negotiation). */
export interface ClosingSigned extends ValueOf<typeof closingSignedCodec> {
  readonly type: 'closing_signed'
}

const simpleCloseCodec = extended(
  struct({
    channelId: channelIdCodec,
    closerScriptpubkey: shortBytes,
    closeeScriptpubkey: shortBytes,
    feeSatoshis: satoshis,
    locktime: u32,
  }),
  {
    closerOutputOnly: [1n, signature],
    closeeOutputOnly: [2n, signature],
    closerAndCloseeOutputs: [3n, signature],
  },
)

/** The closer's transaction, signed in each form that it accepts (BOLT 2, `closing_complete`). */
export interface ClosingComplete extends ValueOf<typeof simpleCloseCodec> {
  readonly type: 'closing_complete'
}

/** The closee's signature for one of the forms offered (BOLT 2, `closing_sig`). */
export interface ClosingSig extends ValueOf<typeof simpleCloseCodec> {
  readonly type: 'closing_sig'
}

/** Closing a channel together (BOLT 2, channel close). */
export type ClosingMessage = Shutdown | ClosingSigned | ClosingComplete | ClosingSig

export const closingMessages: MessageTable<ClosingMessage> = {
  shutdown: [38, shutdownCodec],
  closing_signed: [39, closingSignedCodec],
  closing_complete: [40, simpleCloseCodec],
  closing_sig: [41, simpleCloseCodec],
}
