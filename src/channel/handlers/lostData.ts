import { assert } from '../../base/index.ts'
import { complete } from '../complete.ts'
import type { ChannelStep, FundedChannel } from '../types.ts'
import { disconnected } from './connection.ts'
import { toClosing } from './failChannel.ts'

/**
 * A channel out of a copy that may be old. Whatever the copy says, a newer commitment may have been signed since, and then the
 * peer can prove it and take everything: so it signs nothing any more, publishes no commitment of its own, and asks its peer to
 * close (BOLT 2, message retransmission). A channel whose end had begun is as it was: nothing can have been signed after that.
 */
export function loseData(channel: FundedChannel, reason: string): ChannelStep {
  const silent = disconnected(channel)
  assert(silent.ok && 'durable' in silent.value.next, 'a connection can always end')
  const next = toClosing(silent.value.next, { kind: 'data_loss', reason, mayPublishCommitment: false })
  return complete(channel, { next, effects: [] })
}
