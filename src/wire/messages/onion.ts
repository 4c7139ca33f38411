import { struct, type ValueOf } from '../../base/index.ts'
import { point, shortBytes } from '../fundamental.ts'
import { extended } from '../tlv.ts'
import type { MessageTable } from './table.ts'

const onionMessageCodec = extended(struct({ pathKey: point, onionMessagePacket: shortBytes }), {})
/** An onion that carries no payment, along a blinded path; the packet is not opened here (BOLT 4, onion messages). */
export interface OnionMessage extends ValueOf<typeof onionMessageCodec> {
  readonly type: 'onion_message'
}

export const onionMessages: MessageTable<OnionMessage> = { onion_message: [513, onionMessageCodec] }
