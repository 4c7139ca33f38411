import { txid } from '../../bitcoin/index.ts'
import { channelIdOf, type FundedChannel } from '../../channel/index.ts'
import type { EngineState } from '../../engine/index.ts'
import { type Answer, exitComplaint } from '../exit.ts'
import { fundedChannel } from '../ghost.ts'
import type { SimNode } from '../node.ts'
import type { Complaint, Observer, Turn } from '../observer.ts'
import { type Random, randomOf } from '../random.ts'
import type { World } from '../world.ts'
import { changedLinks, fundedOf } from './changedLinks.ts'

/** Where not every moment is looked at: after how many of the deeds, so that others may be left out of a plan and these still are. */
const SHARE_OF_DEEDS = 1 / 40
/** Within so many commits after such a deed. */
const COMMITS_TO_CHOOSE_FROM = 20
const DEFAULT_FEERATE = 1_000

/**
 * Invariants 2 and 8: whoever is honest can leave each channel at any moment, alone, whatever the other side does, and then has at
 * least its due on chain; and everything where the other side publishes what it has revoked.
 */
export function exitRight(world: World): Observer {
  const random = randomOf(`${world.plan.seed}/exit right`)
  const looksAtAll = world.plan.checks === 'every'
  const lost = new Set<SimNode>()
  /** The commitments that each node has published. */
  const published = new Map<string, Set<string>>()
  let highestFeerate = DEFAULT_FEERATE
  /** Commits until the next moment that is looked at. */
  let left = Number.POSITIVE_INFINITY
  let chance = random
  return {
    name: 'exit right',
    deed: ({ id, deed }) => {
      if (deed.type === 'feerate') highestFeerate = Math.max(highestFeerate, deed.perKw)
      if (deed.type === 'old_image') lost.add(world.nodeAt(deed.who))
      const ofDeed = random.split(`deed ${id}`)
      if (!ofDeed.chance(SHARE_OF_DEEDS)) return undefined
      left = ofDeed.below(COMMITS_TO_CHOOSE_FROM)
      chance = ofDeed
      return undefined
    },
    published: ({ name }, tx, role) => {
      if (role !== 'commitment') return undefined
      const txids = published.get(name) ?? new Set()
      published.set(name, txids.add(txid(tx)))
      return undefined
    },
    durable: ({ name }, turn) => {
      for (const { peer: peerId, channel } of changedChannels(turn)) {
        left -= 1
        if (!looksAtAll && left >= 0) continue
        left = Number.POSITIVE_INFINITY
        const [node, peer] = [world.nodes.find(each => each.name === name), world.nodes.find(({ id }) => id === peerId)]
        if (node === undefined || peer === undefined || lost.has(node) || lost.has(peer)) continue
        for (const [me, other] of [
          [node, peer],
          [peer, node],
        ] as const) {
          const side = {
            me,
            peer: other,
            channel,
            highestFeerate,
            looksAtAll,
            chance,
            published: published.get(me.name),
          }
          const complaint = sideComplaint(world, side)
          if (complaint !== undefined) return complaint
        }
      }
      return undefined
    },
  }
}

interface Side {
  readonly me: SimNode
  readonly peer: SimNode
  readonly channel: FundedChannel
  readonly highestFeerate: number
  readonly looksAtAll: boolean
  readonly chance: Random
  readonly published: ReadonlySet<string> | undefined
}

function sideComplaint(
  { chain, history }: World,
  { me, peer, channel, highestFeerate, looksAtAll, chance, published }: Side,
): Complaint {
  const channelId = channelIdOf(channel)
  const mine = fundedChannel(me.state, channelId)
  if (me.plan.isAdversary || !me.isListening || mine === undefined || !mayLeave(mine)) return undefined
  const past = history.of(peer)
  const peerState = past.at(-1)
  if (peerState === undefined) return undefined
  const possible = answers(past, mine, chance)
  for (const answer of looksAtAll ? possible : [chance.pick(possible)]) {
    const peerFirst = chance.chance(0.5)
    const { state } = me
    const complaint = exitComplaint({
      chain,
      me,
      state,
      channelId,
      peer,
      peerState,
      answer,
      peerFirst,
      highestFeerate,
      ...(published !== undefined && { published }),
    })
    if (complaint !== undefined) return complaint
  }
  return undefined
}

function changedChannels(turn: Turn): readonly { readonly peer: string; readonly channel: FundedChannel }[] {
  return changedLinks(turn).flatMap(({ before, after }) => {
    const channel = fundedOf(after)
    if (channel === undefined || fundedOf(before)?.durable === channel.durable) return []
    return [{ peer: after.peer, channel }]
  })
}

function mayLeave({ durable: { phase } }: FundedChannel): boolean {
  if (phase.type === 'closed') return false
  return phase.type !== 'closing' || phase.cause.mayPublishCommitment
}

/** All that the other side can answer with: one of its valid commitments, or one that it has revoked, as each of its states would. */
function answers(past: readonly EngineState[], mine: FundedChannel, chance: Random): readonly Answer[] {
  const channelId = channelIdOf(mine)
  /** The newest state of each number. */
  const byNumber = new Map<number, EngineState>()
  for (const state of past) {
    const channel = fundedChannel(state, channelId)
    if (channel !== undefined) byNumber.set(channel.durable.localCommit.number, state)
  }
  const { number: valid } = mine.durable.remoteCommit
  const theirs = [...byNumber].map(([number, state]) => ({ type: 'theirs', state, number }) as const)
  const current = theirs.filter(({ number }) => number >= valid)
  const revoked = theirs.filter(({ number }) => number < valid)
  const old = revoked.length === 0 ? [] : [chance.pick(revoked)]
  return [
    { type: 'own' },
    ...current.map(each => ({ ...each, goesOn: true })),
    ...old.flatMap(each => [true, false].map(goesOn => ({ ...each, goesOn }))),
  ]
}
