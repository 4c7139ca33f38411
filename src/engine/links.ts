import {
  assert,
  type ChannelId,
  encode,
  type OutPoint,
  pmapDelete,
  pmapGet,
  pmapSet,
  pmapValues,
  u64Number,
} from '../base/index.ts'
import { type Channel, type ChannelFailure, channelIdOf, type FundedChannel } from '../channel/index.ts'
import {
  forgetSecrets,
  isUsable,
  type LinkContext,
  type LinkEffect,
  type LinkInput,
  type LinkState,
  linkStep,
} from '../link/index.ts'
import type { PaymentInput } from '../payment/index.ts'
import { settleCharge } from './charges.ts'
import { enforcementCoins, walletScript } from './coins.ts'
import { linkPeerKey, NEXT_LINK, nameKey } from './keys.ts'
import { performLinkEffects } from './linkEffects.ts'
import { isNewsOfChannel } from './linkNews.ts'
import { openingEnded } from './openingEnded.ts'
import { negotiatedWith, withPeerLinks } from './peerEntries.ts'
import { remember } from './requestAges.ts'
import { aliasOf, renamed } from './shortIds.ts'
import { tellTowers } from './towers/jobs.ts'
import type { Link } from './types.ts'
import { type Asker, linkAt, putJson, putLink, update, type Work } from './work.ts'

// The links of the node: their place in its state, and one step of one of them with what follows from it.

/** Gives the next index away, for good: the peer may have seen its keys. */
export function takeLinkIndex(work: Work): number {
  const index = work.state.nextLink
  update(work, { nextLink: index + 1 })
  work.writes.push({ type: 'put', key: NEXT_LINK, value: encode(u64Number, index + 1) })
  return index
}

export function addLink(work: Work, link: Link): void {
  update(work, { links: pmapSet(work.state.links, String(link.index), link) })
  withPeerLinks(work, link.peer, links => [...links, link.index])
}

/**
 * One input for a link, and why it was refused, where that is so. With an asker, the payments hear whether its HTLC was taken.
 * Nothing where there is no such link.
 */
export function stepLink(work: Work, index: number, input: LinkInput, asker?: Asker): ChannelFailure | undefined {
  const link = linkAt(work, index)
  if (link === undefined) return undefined
  const { next, writes, effects, failure } = linkStep(link.state, input, linkContext(work, link))
  if (next !== link.state) keep(work, link, next)
  for (const write of writes) work.writes.push(write)
  if (asker !== undefined) answerAsker(work, asker, index, { effects, failure })
  performLinkEffects(work, linkAt(work, index) ?? link, effects)
  if (next !== link.state) afterStep(work, link, next)
  return failure
}

function answerAsker(
  work: Work,
  asker: Asker,
  link: number,
  { effects, failure }: { readonly effects: readonly LinkEffect[]; readonly failure: ChannelFailure | undefined },
): void {
  const added = effects.find(effect => effect.type === 'event' && effect.event.type === 'htlc_added')
  const id = added?.type === 'event' && added.event.type === 'htlc_added' ? added.event.id : undefined
  const tell = (input: PaymentInput) => work.tasks.push({ to: 'payments', input })
  if (id !== undefined) {
    tell('payment' in asker ? { type: 'added', ...asker, link, id } : { type: 'forwarded', ...asker, link, id })
  } else if (failure !== undefined) {
    tell(
      'payment' in asker
        ? { type: 'not_added', ...asker, link, failure }
        : { type: 'not_forwarded', ...asker, link, failure },
    )
  }
}

/** The new state in its place, and under its names. */
function keep(work: Work, link: Link, next: LinkState): void {
  const { state: before, index } = link
  const moved = work.state.moved.has(index) ? work.state.moved : new Set(work.state.moved).add(index)
  update(work, { links: pmapSet(work.state.links, String(index), { ...link, state: next }), moved })
  if (before.watched !== next.watched) watch(work, index, before.watched, next.watched)
  if (!isFunded(before.channel)) {
    rename(work, link, namesOf(next.channel))
    if (isFunded(next.channel)) firstStored(work, link, next.channel)
  }
  if (before.funding === next.funding && before.channel?.state === next.channel?.state) return
  const now = linkAt(work, index)
  const shortIds = now === undefined ? work.state.shortIds : renamed(work.state.shortIds, link, now)
  if (shortIds !== work.state.shortIds) update(work, { shortIds })
}

/** What the whole node has to know of a channel that is durable from now on. */
function firstStored(work: Work, { index, peer, createdAt, opening }: Link, { durable }: FundedChannel): void {
  settleCharge(work, index)
  const { channelId, fundingOutpoint } = durable.params
  const alias = aliasOf(work.context.channelSeed, channelId)
  const link = linkAt(work, index)
  if (link !== undefined) putLink(work, { ...link, alias })
  putJson(work, linkPeerKey(channelId), { peer, createdAt, alias })
  if (opening?.idempotency === undefined) return
  const { key, fingerprint } = opening.idempotency
  remember(work, { key, at: work.context.now }, { kind: 'open', fingerprint, channelId, fundingOutpoint })
}

/** Both ids of a channel name it for its peer. */
function rename(work: Work, { state, index, peer }: Link, now: readonly ChannelId[]): void {
  let { names } = work.state
  for (const id of namesOf(state.channel)) {
    const key = nameKey(peer, id)
    if (!now.includes(id) && pmapGet(names, key) === index) names = pmapDelete(names, key)
  }
  for (const id of now) {
    const key = nameKey(peer, id)
    if (pmapGet(names, key) === undefined) names = pmapSet(names, key, index)
  }
  if (names !== work.state.names) update(work, { names })
}

/** The ids that no other channel may have. */
export function namesOf(channel: Channel | undefined): readonly ChannelId[] {
  if (channel === undefined || channel.state === 'aborted') return []
  const temporary = isFunded(channel) ? channel.durable.params.temporaryChannelId : channel.temporaryChannelId
  const id = channelIdOf(channel)
  return id === temporary ? [id] : [id, temporary]
}

function watch(
  work: Work,
  index: number,
  before: ReadonlyMap<string, OutPoint>,
  next: ReadonlyMap<string, OutPoint>,
): void {
  let { watchers } = work.state
  for (const key of next.keys()) {
    if (before.has(key)) continue
    const others = pmapGet(watchers, key) ?? []
    if (!others.includes(index)) watchers = pmapSet(watchers, key, [...others, index])
  }
  update(work, { watchers })
}

/** What follows for the rest of the node when a link has come to stand elsewhere. */
function afterStep(work: Work, before: Link, next: LinkState): void {
  const link = linkAt(work, before.index)
  assert(link !== undefined, 'a link goes only here')
  tellTowers(work, before, next)
  if (next.channel?.state === 'aborted') {
    removeLink(work, before)
    openingEnded(work, link, next.channel.reason)
    return
  }
  if (isFunded(next.channel) && next.channel.state !== before.state.channel?.state) work.tasks.push({ to: 'storage' })
  if (isNewsOfChannel(before.state, next)) work.tasks.push({ to: 'announcing', index: before.index })
  if (!isUsable(before.state) && isUsable(next))
    work.tasks.push({ to: 'payments', input: { type: 'usable', peer: link.peer } })
}

/** A channel that never came to be: nothing of it is stored. `link` still has its names. */
export function removeLink(work: Work, link: Link): void {
  const { index, peer } = link
  rename(work, link, [])
  forgetSecrets(work.context.channelSeed, index)
  const moved = new Set(work.state.moved)
  moved.delete(index)
  update(work, { links: pmapDelete(work.state.links, String(index)), moved })
  withPeerLinks(work, peer, links => links.filter(each => each !== index))
}

export function isFunded(channel: Channel | undefined): channel is FundedChannel {
  return channel !== undefined && 'durable' in channel
}

export function linkContext(work: Pick<Work, 'state' | 'context'>, { index, peer, state, alias }: Link): LinkContext {
  const { context } = work
  const { channel } = state
  const isOpening = !isFunded(channel)
  const isEnding = channel?.state === 'closing' || channel?.state === 'negotiating'
  return {
    chainHash: context.chainHash,
    height: work.state.blocks.at(-1)?.height ?? 0,
    seed: context.channelSeed,
    channelKeyIndex: index,
    channelIdsInUse: isOpening ? idsOfOthers(work, index) : NONE,
    ...(alias !== undefined && { scidAlias: alias }),
    negotiated: negotiatedWith(work, peer),
    ...(context.trustZeroConf?.has(peer) === true && { trustZeroConf: true }),
    limits: context.limits.channel,
    feerates: context.feerates,
    walletScript: walletScript(work),
    feeCoins: isEnding || hasBegunToEnd(state) ? enforcementCoins(work, state) : NONE,
  }
}

const NONE = [] as const

function hasBegunToEnd({ onchain }: LinkState): boolean {
  return onchain !== undefined && onchain.facts.transactions.length > 0
}

/** Looked at while a channel is opened, and only then. */
function idsOfOthers(work: Pick<Work, 'state'>, index: number): readonly ChannelId[] {
  const ids: ChannelId[] = []
  for (const other of pmapValues(work.state.links)) {
    if (other.index !== index) ids.push(...namesOf(other.state.channel))
  }
  return ids
}
