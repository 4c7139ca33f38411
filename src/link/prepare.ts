import { prepareCommitments } from '../channel/index.ts'
import { secretsOf } from './secrets.ts'
import type { LinkContext, LinkState } from './types.ts'

/** Makes the next commitment cheaper while there is nothing else to do. Changes nothing that anybody could see. */
export function prepareLink(
  { channel }: LinkState,
  { seed, channelKeyIndex }: Pick<LinkContext, 'seed' | 'channelKeyIndex'>,
): void {
  if (channel?.state === 'normal') prepareCommitments(channel, { secrets: secretsOf(seed, channelKeyIndex) })
}
