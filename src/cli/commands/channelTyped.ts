import type { AtNode } from '../remote.ts'
import { byPrefix } from '../typed.ts'

const WHOLE_ID = /^[0-9a-f]{64}$/

/** The id of the channel that somebody means, closed ones too. A whole id is not looked up. */
export async function channelTyped({ node, signal }: AtNode, typed: string): Promise<string> {
  const whole = typed.toLowerCase()
  if (WHOLE_ID.test(whole)) return whole
  const known = await node.channels({ closed: true, signal })
  return byPrefix(
    typed,
    known.map(channel => channel.channelId),
    'channel',
  )
}

export const CHANNEL_ARGUMENT = ['<channel>', 'its id, or the first digits of it'] as const
