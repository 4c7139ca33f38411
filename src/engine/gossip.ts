import { pmapGet, unreachable } from '../base/index.ts'
import { type GossipEffect, type GossipInput, type GossipWrite, gossipStep, isOwnRecord } from '../gossip/index.ts'
import { deriveChannelSecrets } from '../keys/index.ts'
import { hangUp, warn } from './complaints.ts'
import { nameKey } from './keys.ts'
import { sendTo } from './peerEntries.ts'
import type { EngineState, EngineWrite } from './types.ts'
import { act, update, type Work } from './work.ts'

// The gossip within the node. What it stores of others is worth no sync of its own: it waits for the next commit, or for a second. A crash
// loses it, and the next peer tells it again. What we have said ourselves is durable before anybody hears it.

export function stepGossip(work: Work, input: GossipInput): void {
  const { context, state } = work
  const { next, writes, effects } = gossipStep(state.gossip, input, {
    now: context.now,
    height: state.blocks.at(-1)?.height ?? 0,
    chainHash: context.chainHash,
    nodeId: context.nodeId,
    nodeSecret: context.nodeSecret,
    fundingSecret: id => {
      const peer = pmapGet(work.state.gossip.own, id)?.facts.peer
      const index = peer === undefined ? undefined : pmapGet(work.state.names, nameKey(peer, id))
      return index === undefined ? undefined : deriveChannelSecrets(context.channelSeed, index).fundingSecret
    },
    supported: context.supported,
    limits: context.limits.gossip,
  })
  if (next !== state.gossip) update(work, { gossip: next })
  keep(work, writes)
  for (const effect of effects) perform(work, effect)
}

function perform(work: Work, effect: GossipEffect): void {
  switch (effect.type) {
    case 'send':
      sendTo(work, effect.peer, effect.message)
      return
    case 'complain':
      if (effect.failure.severity === 'close_connection') hangUp(work, effect.peer, effect.failure.message)
      else warn(work, effect.peer, effect.failure.message)
      return
    case 'check_funding':
      act(work, effect)
      return
    case 'load':
      // What waits is among what may be asked for.
      saveAll(work)
      act(work, { type: 'load_gossip', load: effect.load, keys: effect.keys })
      return
    case 'wake':
      act(work, effect)
      return
    default:
      unreachable(effect)
      return
  }
}

function keep(work: Work, writes: readonly GossipWrite[]): void {
  if (writes.length === 0) return
  const { unsaved } = work.state
  const { now, limits } = work.context
  const since = unsaved?.since ?? now
  update(work, { unsaved: { since, count: (unsaved?.count ?? 0) + writes.length, writes, before: unsaved } })
  if (writes.some(({ key }) => isOwnRecord(key))) saveAll(work)
  else if (unsaved === undefined) act(work, { type: 'wake', at: now + limits.engine.unsavedMs })
}

/** At the end of a step: where there is a commit anyhow, where it is time, or where it is too much to wait. */
export function saveWhereDue(work: Work): void {
  const { unsaved } = work.state
  if (unsaved === undefined) return
  const { now, limits } = work.context
  const isDue = now >= unsaved.since + limits.engine.unsavedMs || unsaved.count >= limits.engine.maxUnsaved
  if (isDue || work.writes.length > 0) saveAll(work)
}

/** In the order in which they came. */
function saveAll(work: Work): void {
  const parts: (readonly EngineWrite[])[] = []
  for (let at: EngineState['unsaved'] = work.state.unsaved; at !== undefined; at = at.before) parts.push(at.writes)
  for (const part of parts.reverse()) for (const write of part) work.writes.push(write)
  update(work, { unsaved: undefined })
}
