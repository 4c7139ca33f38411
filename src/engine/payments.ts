import { unreachable } from '../base/index.ts'
import { type PaymentEffect, type PaymentFailure, type PaymentInput, paymentStep } from '../payment/index.ts'
import { tellClaimedBefore } from './claimed.ts'
import { candidates, firstHops, hasChannel, isClosing, outgoing } from './outgoing.ts'
import { act, emit, linkAt, reply, update, type Work } from './work.ts'

// The payments within the node.

export function stepPayments(work: Work, input: PaymentInput): void {
  for (const effect of stepped(work, input)) perform(work, effect)
}

/** Takes money from a token for something that is not a payment. Says why not, where that is so. */
export function charge(
  work: Work,
  charged: Omit<Extract<PaymentInput, { type: 'charge' }>, 'type'>,
): PaymentFailure | undefined {
  for (const effect of stepped(work, { type: 'charge', ...charged })) {
    if (effect.type === 'reply' && effect.reply.type === 'refused') return effect.reply.failure
  }
  return undefined
}

function stepped(work: Work, input: PaymentInput): readonly PaymentEffect[] {
  const { context, state } = work
  const { next, writes, effects } = paymentStep(state.payments, input, {
    now: context.now,
    height: state.blocks.at(-1)?.height ?? 0,
    tipIsOld: state.tipSeenAt !== undefined && context.now > state.tipSeenAt + context.limits.engine.maxTipAgeMs,
    nodeId: context.nodeId,
    nodeSecret: context.nodeSecret,
    network: context.network,
    limits: context.limits.payment,
    candidates: peer => candidates(work, peer),
    firstHops: () => firstHops(work),
    graph: state.gossip.graph,
    chainHash: context.chainHash,
    outgoing: nextHop => outgoing(work, nextHop),
    hasChannel: channelId => hasChannel(work, channelId),
    isClosing: link => isClosing(work, link),
  })
  if (next !== state.payments) update(work, { payments: next })
  for (const write of writes) work.writes.push(write)
  return effects
}

function perform(work: Work, effect: PaymentEffect): void {
  switch (effect.type) {
    case 'add_htlc': {
      const { payment, link, type: _type, ...htlc } = effect
      const input = { type: 'command', command: { type: 'add_htlc', ...htlc } } as const
      work.tasks.push({ to: 'link', index: link, input, asker: { payment } })
      return
    }
    case 'forward_htlc': {
      const { inbound, link, type: _type, ...htlc } = effect
      const input = { type: 'command', command: { type: 'add_htlc', ...htlc } } as const
      work.tasks.push({ to: 'link', index: link, input, asker: { inbound } })
      return
    }
    case 'resolve_htlc': {
      const { link, id, resolution } = effect
      const input = { type: 'command', command: { type: 'resolve_htlc', id, resolution } } as const
      work.tasks.push({ to: 'link', index: link, input })
      if (resolution.type !== 'fulfill') tellClaimedBefore(work, linkAt(work, link), id)
      return
    }
    case 'look_up':
    case 'progress':
    case 'wake':
      act(work, effect)
      return
    case 'reply':
      reply(work, effect.request, effect.reply)
      return
    case 'event':
      emit(work, effect.event)
      return
    default:
      unreachable(effect)
      return
  }
}
