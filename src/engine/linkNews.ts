import { isUsable, type LinkState } from '../link/index.ts'

/** Whether the gossip has to hear of a step of a link. It looks at nothing that a payment changes. */
export function isNewsOfChannel(before: LinkState, next: LinkState): boolean {
  return (
    before.channel?.state !== next.channel?.state ||
    before.funding !== next.funding ||
    isUsable(before) !== isUsable(next)
  )
}
