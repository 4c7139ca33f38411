import { unreachable } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import type { PeerMessage } from '../channel/index.ts'
import { acceptFromPeer, commandChannel, openWithPeer, stepChannel } from './channel.ts'
import { keepScripts } from './closingScripts.ts'
import { enforce, enforceRevoked, fundedChannel } from './enforcement.ts'
import { findFunding, forgetFunding, fundingDepth, fundingFound, lookUpFunding, publishFunding } from './funding.ts'
import { spent } from './spends.ts'
import type { LinkContext, LinkInput, LinkState, LinkStep } from './types.ts'
import { begin, finish, type Work, withEffects } from './work.ts'

/** One input for a link. Total and pure: whatever comes in, the answer is a state, writes and effects. */
export function linkStep(state: LinkState, input: LinkInput, context: LinkContext): LinkStep {
  const before = begin(state)
  return finish(followUp(before, keepScripts(before, answer(before, input, context)), context))
}

/** For a driver: a single link is a machine of its own. */
export const linkMachine = { step: linkStep, endOfTurn: { type: 'end_of_turn' } } as const

function answer(work: Work, input: LinkInput, context: LinkContext): Work {
  switch (input.type) {
    case 'connected':
      return connected(work, context)
    case 'disconnected':
      return stepChannel(connection(work, 'disconnected'), { type: 'disconnected' }, context)
    case 'message':
      return message(work, input.message, context)
    case 'open':
      return openWithPeer(work, input.request, context)
    case 'command':
      return commandChannel(work, input.command, context)
    case 'block_connected':
      return blockConnected(work, input.height, input.transactions, context)
    case 'block_disconnected':
      return blockDisconnected(work, input.height, context)
    case 'archive':
      return enforceRevoked(work, input.commitmentNumber, input.records, context)
    case 'spend_found':
      return spent(work, input.tx, input.height, context)
    case 'spend_seen':
      return enforce(work, { type: 'unconfirmed_spend', tx: input.tx }, context)
    case 'funding_found':
      return fundingFound(work, input.tx, input.height, context)
    case 'funding_lost':
      return withoutFunding(stepChannel(work, { type: 'funding_lost', by: input.by }, context), context)
    case 'given_up':
      return withoutFunding(work, context)
    case 'started':
      return started(work, context)
    case 'end_of_turn':
      return stepChannel(work, { type: 'commit' }, context)
    default:
      return unreachable(input)
  }
}

function connection(work: Work, now: LinkState['connection']): Work {
  return { ...work, state: { ...work.state, connection: now } }
}

/** Its funding will never be: it is closed, and nobody can take what we offered over it, but for what the peer has claimed already. */
function withoutFunding(work: Work, context: LinkContext): Work {
  const htlcs = fundedChannel(work)?.durable.htlcs ?? []
  const offered = htlcs.filter(({ offeredBy, resolution }) => offeredBy === 'local' && resolution?.type !== 'fulfill')
  const closed = stepChannel(work, { type: 'resolved' }, context)
  return withEffects(
    closed,
    offered.map(({ id, paymentHash }) => ({ type: 'event', event: { type: 'htlc_dropped', id, paymentHash } })),
  )
}

/** One connection at a time: a new one is the end of the one before it, whether or not that was told. */
function connected(work: Work, context: LinkContext): Work {
  const alone = work.state.connection === 'connected' ? stepChannel(work, { type: 'disconnected' }, context) : work
  return stepChannel(connection(alone, 'connected'), { type: 'connected', negotiated: context.negotiated }, context)
}

/** What comes after the end of a connection is the rest of it: it would be taken for a part of the next one. */
function message(work: Work, said: PeerMessage, context: LinkContext): Work {
  if (work.state.connection === 'disconnected') return work
  if (work.state.channel !== undefined) return stepChannel(work, { type: 'message', message: said }, context)
  return said.type === 'open_channel' ? acceptFromPeer(work, said, context) : work
}

/** Order: what the block spends, how deep the funding is, and then the deadlines of this height. */
function blockConnected(work: Work, height: number, transactions: readonly Tx[], context: LinkContext): Work {
  const now = { ...context, height }
  const found = findFunding(work, transactions, height)
  // One transaction after the other, since a spend may bring new outputs to watch which the same block spends.
  const spends = transactions.reduce((done, tx) => spent(done, tx, height, now), found)
  const aged = stepChannel(fundingDepth(spends, height, now), { type: 'block' }, now)
  return enforce(publishFunding(aged), { type: 'block' }, now)
}

function blockDisconnected(work: Work, height: number, context: LinkContext): Work {
  const now = { ...context, height: height - 1 }
  return forgetFunding(enforce(work, { type: 'reorg', height: height - 1 }, now), height, now)
}

/** A restart is a disconnection that nobody saw, with a world that has moved on meanwhile. */
function started(work: Work, context: LinkContext): Work {
  const silent = stepChannel(work, { type: 'disconnected' }, context)
  // The deadlines of HTLCs, of which nobody was asked while the blocks came that the node had missed.
  const isEnding = silent.state.channel?.state === 'closing'
  const aged = isEnding ? silent : stepChannel(silent, { type: 'block' }, context)
  return enforce(publishFunding(lookUpFunding(aged)), { type: 'started' }, context)
}

/** What a change of the channel means for the chain: a new channel is watched, and one that ends there is told what it holds. */
function followUp(before: Work, work: Work, context: LinkContext): Work {
  const channel = fundedChannel(work)
  if (channel === undefined) return work
  if (work.state.onchain === undefined) return enforce(work, { type: 'started' }, context)
  const changed = fundedChannel(before)?.durable !== channel.durable
  const { phase, mutualCloses } = channel.durable
  const onItsWay =
    phase.type === 'closing' || mutualCloses.length > 0 || work.state.onchain.facts.transactions.length > 0
  return changed && onItsWay ? enforce(work, { type: 'view_updated' }, context) : work
}
