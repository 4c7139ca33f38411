// The few fields of a channel's messages that the specification speaks of, read off the bytes: decoding all of them would cost more than
// the oracle itself.
import type { ChannelId } from '../base/index.ts'
import { toHex } from '../base/index.ts'
import type { End, Message } from './spec.ts'

export type Heard = { readonly connection: number; readonly channelId: ChannelId } & (
  | { readonly type: 'add'; readonly id: number; readonly amount: number }
  | { readonly type: 'remove'; readonly id: number; readonly end: End }
  | { readonly type: 'sign' }
  | { readonly type: 'revoke' }
  | { readonly type: 'reestablish'; readonly nextCommitment: number; readonly nextRevocation: number }
  | { readonly type: 'fee'; readonly rate: number }
)

const TYPE_BYTES = 2
const BODY = TYPE_BYTES + 32

/** Nothing for messages that are not of the dance, and for those that are cut off. */
export function hear(connection: number, bytes: Uint8Array): Heard | undefined {
  const [high = 0, low = 0] = bytes
  const number = (high << 8) | low
  if (number < 128 || number > 136 || number === 129 || bytes.length < BODY + 4) return undefined
  const of = { connection, channelId: channelIdOf(bytes) }
  switch (number) {
    case 128:
      return { ...of, type: 'add', id: u64(bytes, BODY), amount: u64(bytes, BODY + 8) }
    case 130:
      return { ...of, type: 'remove', id: u64(bytes, BODY), end: 'fulfil' }
    case 131:
    case 135:
      return { ...of, type: 'remove', id: u64(bytes, BODY), end: 'fail' }
    case 132:
      return { ...of, type: 'sign' }
    case 133:
      return { ...of, type: 'revoke' }
    case 134:
      return { ...of, type: 'fee', rate: u32(bytes, BODY) }
    default:
      return { ...of, type: 'reestablish', nextCommitment: u64(bytes, BODY), nextRevocation: u64(bytes, BODY + 8) }
  }
}

/** Whether these bytes are that message: what a signature or a secret is for, its receiver checks. */
export function isOf(heard: Heard, message: Message): boolean {
  switch (heard.type) {
    case 'add':
      return message.type === 'add' && message.id === heard.id && message.amount === heard.amount
    case 'remove':
      return message.type === 'remove' && message.id === heard.id && message.end === heard.end
    case 'fee':
      return message.type === 'fee' && message.rate === heard.rate
    case 'reestablish':
      return (
        message.type === 'reestablish' &&
        message.nextCommitment === heard.nextCommitment &&
        message.nextRevocation === heard.nextRevocation
      )
    default:
      return message.type === heard.type
  }
}

// 32 bytes in hex are an id.
const channelIdOf = (bytes: Uint8Array): ChannelId => toHex(bytes.subarray(TYPE_BYTES, BODY)) as ChannelId

const u32 = (bytes: Uint8Array, at: number): number => {
  let value = 0
  for (let i = 0; i < 4; i++) value = value * 256 + (bytes[at + i] ?? 0)
  return value
}

/** Ids, numbers of commitments and millisatoshis of one channel are far below 2^53. */
function u64(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let i = 0; i < 8; i++) value = value * 256 + (bytes[at + i] ?? 0)
  return value
}
