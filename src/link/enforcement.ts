import { assert, outPointKey, unreachable } from '../base/index.ts'
import { type ChannelDurable, type FundedChannel, htlcsOfRevoked } from '../channel/index.ts'
import type { ChannelSecrets } from '../keys/index.ts'
import {
  type ChannelHtlc,
  type ChannelView,
  emptyOnchainState,
  type OnchainContext,
  type OnchainEffect,
  type OnchainInput,
  type OutputOutlook,
  step as onchainStep,
  outlook,
  type SpendPath,
  spendPaths,
} from '../onchain/index.ts'
import { stepChannel } from './channel.ts'
import { ARCHIVE, archivePrefix, onchainPrefix } from './keys.ts'
import { secretsOf } from './secrets.ts'
import type { EarlierScripts, LinkContext, LinkState } from './types.ts'
import { channelView } from './view.ts'
import { begin, type Work, withEffects, withWrites } from './work.ts'

// The onchain machine within the link: it is told of the channel, and the channel of its end.

/** One input for the enforcement, which begins with the first. Nothing where the channel is not funded. */
export function enforce(work: Work, input: OnchainInput, context: LinkContext): Work {
  const channel = fundedChannel(work)
  if (channel === undefined) return work
  const { channelId } = channel.durable.params
  const { next, writes, effects } = onchainStep(
    work.state.onchain ?? emptyOnchainState,
    input,
    onchainContext(work.state, channel, context),
  )
  const stepped: Work = { ...work, state: { ...work.state, onchain: next } }
  const stored = withWrites(stepped, onchainPrefix(channelId), writes)
  return effects.reduce((done, effect) => took(done, effect, context), stored)
}

/** The archive's answer: which HTLCs stood on a revoked commitment. */
export function enforceRevoked(
  work: Work,
  commitmentNumber: number,
  records: ReadonlyMap<string, Uint8Array>,
  context: LinkContext,
): Work {
  const channel = fundedChannel(work)
  if (channel === undefined) return work
  const { durable } = channel
  const prefix = archivePrefix(durable.params.channelId)
  const relative = new Map([...records].map(([key, value]) => [ARCHIVE + key.slice(prefix.length), value]))
  const htlcs = htlcsOfRevoked(durable, relative, commitmentNumber)
  assert(htlcs.ok, `the archive of ${durable.params.channelId} cannot be read`)
  return enforce(work, { type: 'revoked_htlcs', commitmentNumber, htlcs: htlcs.value.map(onchainHtlc) }, context)
}

/** What an HTLC is on the chain, and nothing else of it: the rest would be held and not stored. */
function onchainHtlc({ offeredBy, id, amountMsat, paymentHash, cltvExpiry }: ChannelHtlc): ChannelHtlc {
  return { offeredBy, id, amountMsat, paymentHash, cltvExpiry }
}

export function fundedChannel({ state }: Work): FundedChannel | undefined {
  return state.channel !== undefined && 'durable' in state.channel ? state.channel : undefined
}

function onchainContext(state: LinkState, channel: FundedChannel, context: LinkContext): OnchainContext {
  const secrets = secretsOf(context.seed, channel.durable.params.channelKeyIndex)
  return {
    view: viewOf(channel, secrets, state.earlierScripts),
    secrets,
    height: context.height,
    feeratePerKw: context.feerates.claim,
    destinationScript: context.walletScript,
    feeCoins: context.feeCoins,
    changeScript: context.walletScript,
  }
}

interface KnownView {
  readonly secrets: ChannelSecrets
  readonly earlier: EarlierScripts | undefined
  readonly view: ChannelView
}

/** From block to block most channels stay as they are: the last view of each state of a channel. */
const views = new WeakMap<ChannelDurable, KnownView>()

function viewOf(channel: FundedChannel, secrets: ChannelSecrets, earlier: EarlierScripts | undefined): ChannelView {
  const known = views.get(channel.durable)
  if (known?.secrets === secrets && known.earlier === earlier) return known.view
  const view = channelView(channel, secrets, earlier)
  views.set(channel.durable, { secrets, earlier, view })
  return view
}

/** What a side may spend of this channel's outputs, now or later: for explanations, pictures and tests. */
export function channelSpends(state: LinkState, party: 'local' | 'remote', context: LinkContext): readonly SpendPath[] {
  const channel = fundedChannel(begin(state))
  if (channel === undefined || state.onchain === undefined) return []
  const { view } = onchainContext(state, channel, context)
  return spendPaths(view, state.onchain.facts, party, context.height)
}

/** The outputs of a channel that ends, for explanations. */
export function channelOutputs(state: LinkState, context: LinkContext): readonly OutputOutlook[] {
  const channel = fundedChannel(begin(state))
  if (channel === undefined || state.onchain === undefined) return []
  return outlook(onchainContext(state, channel, context).view, state.onchain, context.height)
}

/** The chain has proved that there is more than we know. What else may be done about the commitment there is looked at with that. */
function outdated(work: Work, reason: string, context: LinkContext): Work {
  const next = stepChannel(work, { type: 'newer_commitment', reason }, context)
  return next.state.channel === work.state.channel ? next : enforce(next, { type: 'view_updated' }, context)
}

function took(work: Work, effect: OnchainEffect, context: LinkContext): Work {
  switch (effect.type) {
    case 'publish':
    case 'withdraw':
      return withEffects(work, [effect])
    case 'watch': {
      const watched = new Map(work.state.watched).set(outPointKey(effect.outpoint), effect.outpoint)
      const watching: Work = { ...work, state: { ...work.state, watched } }
      return withEffects(watching, [{ type: 'look_up_spend', outpoint: effect.outpoint }])
    }
    case 'load_revoked_htlcs': {
      const channel = fundedChannel(work)
      assert(channel !== undefined, 'only a funded channel is enforced')
      const prefix = archivePrefix(channel.durable.params.channelId)
      return withEffects(work, [{ type: 'load_archive', prefix, commitmentNumber: effect.commitmentNumber }])
    }
    case 'event': {
      const told = withEffects(work, [effect])
      if (effect.event.type === 'data_loss') return outdated(told, effect.event.sentence, context)
      return effect.event.type === 'resolved' ? stepChannel(told, { type: 'resolved' }, context) : told
    }
    default:
      return unreachable(effect)
  }
}
