import {
  type ChannelId,
  type Codec,
  type DecodeFailure,
  decode,
  err,
  ok,
  outPointKey,
  type Result,
} from '../base/index.ts'
import { type FundedChannel, loadDurable, NO_FEATURES } from '../channel/index.ts'
import { loadOnchainState, type OnchainState } from '../onchain/index.ts'
import { confirmedFunding, earlierScripts } from './codec.ts'
import { CHANNELS, CLOSING_SCRIPTS_KEY, FUNDING_KEY, fundingPrefix, onchainPrefix, statePrefix } from './keys.ts'
import { type LinkState, NEW_LINK } from './types.ts'

/** A node from all of its records. Its first input is `started`. */
export function loadLink(records: ReadonlyMap<string, Uint8Array>): Result<LinkState, DecodeFailure> {
  const ids = new Set([...records.keys()].filter(key => key.startsWith(CHANNELS)).map(key => key.split('/')[1]))
  const [id] = ids
  if (id === undefined) return ok(NEW_LINK)
  if (ids.size > 1) return err({ code: 'invalid', message: `expected one channel, got ${ids.size}` })
  // The keys are our own: what follows `channel/` is an id.
  const channelId = id as ChannelId
  const durable = loadDurable(below(records, statePrefix(channelId)))
  if (!durable.ok) return durable
  const onchain = loadOnchainState(below(records, onchainPrefix(channelId)))
  if (!onchain.ok) return onchain
  const prefix = fundingPrefix(channelId)
  const funding = ifThere(records.get(prefix + FUNDING_KEY), confirmedFunding)
  if (!funding.ok) return funding
  const scripts = ifThere(records.get(prefix + CLOSING_SCRIPTS_KEY), earlierScripts)
  if (!scripts.ok) return scripts
  const channel: FundedChannel = {
    state: durable.value.phase.type,
    durable: durable.value,
    session: { connection: 'disconnected', negotiated: NO_FEATURES, unproven: 'catching_up' },
  }
  return ok({
    ...NEW_LINK,
    watched: watchedFromStart(channel, onchain.value),
    channel,
    onchain: onchain.value,
    ...(funding.value !== undefined && { funding: funding.value }),
    ...(scripts.value !== undefined && { earlierScripts: scripts.value }),
  })
}

/**
 * Until it is spent, or something of ours that spends more is out, the funding output is all that there is to look at: the others follow
 * from `started`, which comes before the first block where there is nothing here.
 */
function watchedFromStart({ state, durable }: FundedChannel, { facts, claims }: OnchainState): LinkState['watched'] {
  const { fundingOutpoint } = durable.params
  const isMore = state === 'closed' || facts.transactions.length > 0 || claims.length > 0
  return isMore ? new Map() : new Map([[outPointKey(fundingOutpoint), fundingOutpoint]])
}

function ifThere<T>(record: Uint8Array | undefined, codec: Codec<T>): Result<T | undefined, DecodeFailure> {
  return record === undefined ? ok(undefined) : decode(codec, record)
}

/** The records under a prefix, by what follows it. */
function below(records: ReadonlyMap<string, Uint8Array>, prefix: string): ReadonlyMap<string, Uint8Array> {
  return new Map(
    [...records].filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value]),
  )
}
