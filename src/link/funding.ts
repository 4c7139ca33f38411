import { encode, outPointKey, type Txid } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import { type UnconfirmedFunding, unconfirmedFunding } from '../channel/index.ts'
import { stepChannel } from './channel.ts'
import { confirmedFunding } from './codec.ts'
import { fundedChannel } from './enforcement.ts'
import { FUNDING_KEY, fundingPrefix } from './keys.ts'
import type { ConfirmedFunding, LinkContext } from './types.ts'
import { type Work, withEffects, withWrites } from './work.ts'

// The funding transaction until it is deep enough: where it is confirmed, and that the world does not forget it.

/** The funding transaction is in this block, if it is. Cost: one hash for each transaction, while it is awaited. */
export function findFunding(work: Work, transactions: readonly Tx[], height: number): Work {
  const awaited = lostTxid(work)
  if (awaited === undefined || work.state.funding !== undefined) return work
  const txIndex = transactions.findIndex(each => txid(each) === awaited)
  const tx = transactions[txIndex]
  return tx === undefined ? work : confirmed(work, tx, { height, txIndex })
}

/** The answer to `look_up_funding`. Another height than the one we know: blocks came and went while nobody was looking. */
export function fundingFound(work: Work, tx: Tx, height: number, context: LinkContext): Work {
  const awaited = awaitedTxid(work)
  if (awaited === undefined || work.state.funding?.height === height || txid(tx) !== awaited) return work
  return fundingDepth(confirmed(work, tx, { height }), context.height, context)
}

/** Tells the channel how deep its funding is, while it wants to know. */
export function fundingDepth(work: Work, height: number, context: LinkContext): Work {
  const { funding } = work.state
  if (funding === undefined || awaitedTxid(work) === undefined) return work
  const { output, coinbase } = funding
  return stepChannel(work, { type: 'funding_depth', depth: height - funding.height + 1, output, coinbase }, context)
}

/** The blocks from `height` on are undone, and with them perhaps the confirmation. */
export function forgetFunding(work: Work, height: number, context: LinkContext): Work {
  const channel = fundedChannel(work)
  const { funding, ...state } = work.state
  if (channel === undefined || funding === undefined || funding.height < height) return work
  const prefix = fundingPrefix(channel.durable.params.channelId)
  const forgotten = withWrites({ ...work, state }, prefix, [{ type: 'delete', key: FUNDING_KEY }])
  const { coinbase } = funding
  return stepChannel(forgotten, { type: 'funding_depth', depth: 0, output: undefined, coinbase }, context)
}

/** After a start: it may have confirmed, or moved to another block, while nobody was looking. */
export function lookUpFunding(work: Work): Work {
  const awaited = awaitedTxid(work)
  return awaited === undefined ? work : withEffects(work, [{ type: 'look_up_funding', txid: awaited }])
}

/** Mempools forget: as long as it is unconfirmed the opener publishes it again, after a start and with each block. */
export function publishFunding(work: Work): Work {
  const tx = awaitedFunding(work)?.fundingTx
  if (tx === undefined || work.state.funding !== undefined) return work
  return withEffects(work, [{ type: 'publish', role: 'funding', tx }])
}

function awaitedFunding(work: Work): UnconfirmedFunding | undefined {
  const channel = fundedChannel(work)
  return channel === undefined ? undefined : unconfirmedFunding(channel.durable)
}

function awaitedTxid(work: Work): Txid | undefined {
  return awaitedFunding(work) === undefined ? undefined : fundedChannel(work)?.durable.params.fundingOutpoint.txid
}

/** Also of a channel that is open already, whose funding a reorganisation has put elsewhere: payments find it by that place. */
function lostTxid(work: Work): Txid | undefined {
  const channel = fundedChannel(work)
  const isEnding = channel?.state === 'closing' || channel?.state === 'closed'
  return isEnding ? awaitedTxid(work) : channel?.durable.params.fundingOutpoint.txid
}

function confirmed(work: Work, tx: Tx, place: Pick<ConfirmedFunding, 'height' | 'txIndex'>): Work {
  const channel = fundedChannel(work)
  if (channel === undefined) return work
  const { fundingOutpoint, channelId } = channel.durable.params
  const funding: ConfirmedFunding = { ...place, output: tx.outputs[fundingOutpoint.vout], coinbase: isCoinbase(tx) }
  const known: Work = { ...work, state: { ...work.state, funding } }
  const value = encode(confirmedFunding, funding)
  return withWrites(known, fundingPrefix(channelId), [{ type: 'put', key: FUNDING_KEY, value }])
}

function isCoinbase({ inputs: [first] }: Tx): boolean {
  return first !== undefined && outPointKey(first.outpoint) === NO_OUTPUT
}

/** What the input of a coinbase transaction names instead of an output. */
const NO_OUTPUT = `${'00'.repeat(32)}:${0xffffffff}`
