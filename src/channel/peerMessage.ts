import { isChannelMessage, type Message, type UnknownMessage } from '../wire/index.ts'
import type { PeerMessage } from './types.ts'

/** Whether a message is about a channel, by its type; which channel, its id says. */
export function isPeerMessage(message: Message | UnknownMessage): message is PeerMessage {
  if (message.type === 'unknown') return false
  return message.type === 'error' || message.type === 'warning' || isChannelMessage(message)
}
