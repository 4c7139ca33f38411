import { type ChannelId, type PaymentHash, toHex } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { type ChannelDurable, channelIdOf } from '../channel/index.ts'
import { ANCHOR_SAT } from '../commitment/index.ts'
import { sha256 } from '../crypto/index.ts'
import type { EngineState } from '../engine/index.ts'
import type { RegtestChain } from '../regtest/index.ts'
import { dueSat, isMutualClose, isRevokedNumber } from './due.ts'
import { feeVerdict } from './fairFees.ts'
import { fundedChannel, Ghost } from './ghost.ts'
import {
  describeTrail,
  isNotWorthwhile,
  type MoneyTrail,
  moneyTrail,
  type Scripts,
  walletScripts,
} from './moneyTrail.ts'
import { linksOf, type SimNode } from './node.ts'
import type { Complaint } from './observer.ts'
import { isFundedOtherwise } from './shortFunding.ts'

/** What the other side does when a node leaves, each time at once. */
export type Answer =
  /** The node publishes its commitment; the other side takes what it can of it, knowing all that it knows now. */
  | { readonly type: 'own' }
  /** The other side publishes what this state of it holds to be its commitment, and goes on as that state would, or does nothing more. */
  | { readonly type: 'theirs'; readonly state: EngineState; readonly number: number; readonly goesOn: boolean }

export interface Exit {
  readonly chain: RegtestChain
  readonly me: SimNode
  readonly state: EngineState
  readonly channelId: ChannelId
  readonly peer: SimNode
  readonly peerState: EngineState
  readonly answer: Answer
  /** Whether the other side is always the first to see a block. */
  readonly peerFirst: boolean
  /** Satoshis per 1,000 weight units: what a claim may pay. */
  readonly highestFeerate: number
  /** Commitments that the one who leaves has published before: a process that starts does not remember which they were. */
  readonly published?: ReadonlySet<string>
}

/** From a commitment to the end of every delay and HTLC of a world. */
const MAX_BLOCKS = 300

/**
 * Lets a node leave a channel in a fork of the world, alone, against one answer of the other side, and says what it lacks in the end
 * of what is its due. The fork changes nothing in the world.
 */
export function exitComplaint(exit: Exit): Complaint {
  const { me, peer, channelId, answer, peerFirst } = exit
  const chain = exit.chain.fork()
  // What a mempool asks for today is not for good.
  chain.setMempoolMinFee(0n)
  const durable = fundedChannel(exit.state, channelId)?.durable
  if (durable === undefined) return undefined
  const [leaver, other] = [
    new Ghost(me, chain, exit.state),
    new Ghost(peer, chain, answer.type === 'own' ? exit.peerState : answer.state),
  ]
  leaver.loseConnections()
  leaver.follow()
  if (answer.type === 'own') leaver.forceClose(channelId)
  else other.forceClose(channelId)
  const followers =
    answer.type === 'theirs' && !answer.goesOn ? [leaver] : peerFirst ? [other, leaver] : [leaver, other]
  const wallets = (): readonly Scripts[] =>
    [leaver, other].map((ghost, index) =>
      walletScripts((index === 0 ? me : peer).context(0).walletKeys, ghost.state.wallet),
    )
  const start = chain.height
  let lacks = 'nothing was confirmed'
  let trail: MoneyTrail | undefined
  while (chain.height < start + MAX_BLOCKS) {
    const before = chain.height
    chain.mine(blocksToNext(chain, trail, durable))
    for (const follower of followers) follower.follow(true)
    if (trail !== undefined && !hasTransactions(chain, before + 1)) continue
    trail = moneyTrail(chain, durable.params.fundingOutpoint, wallets())
    if (trail.spend === undefined) {
      // It was never on the chain, or the answer is none.
      if (chain.output(durable.params.fundingOutpoint) === undefined || answer.type === 'theirs') return undefined
      // It has not looked at the funding yet, or has seen that it is a lie: nothing of its own is in there.
      if (!durable.ready.local && isFundedOtherwise(chain, durable.params)) return undefined
      continue
    }
    const { txid } = trail.spend
    const isOwn = ownClose(leaver.state, channelId) === txid || exit.published?.has(txid) === true
    const isRevoked = !isOwn && isRevokedNumber(durable, trail.spend.tx)
    // The peer may have shown a preimage before the world was forked, in blocks that the one who leaves has yet to see.
    const since = Math.min(start, trail.spend.height ?? start)
    const verdict = isRevoked
      ? penaltyVerdict(trail, durable, exit.highestFeerate)
      : dueVerdict(trail, durable, { ...exit, isOwn }, () => false) &&
        dueVerdict(trail, durable, { ...exit, isOwn }, revealedSince(chain, since))
    if (verdict === undefined) return undefined
    lacks = verdict
  }
  if (trail === undefined) return undefined
  const story = describeTrail(trail, [me.name, peer.name])
  return `${me.name} cannot leave channel ${channelId.slice(0, 8)} with what is its due when ${describeAnswer(exit)}: ${lacks}. ${story}`
}

/** What is lacking so far. */
type Verdict = string | undefined

/** At least its due, less what its own claims cost and what is worth less than its claim. */
function dueVerdict(
  trail: MoneyTrail,
  durable: ChannelDurable,
  { highestFeerate, isOwn }: Pick<Exit, 'highestFeerate'> & { readonly isOwn: boolean },
  isRevealed: (hash: PaymentHash) => boolean,
): Verdict {
  const { spend, steps, unclaimed, gotSat } = trail
  if (spend === undefined) return 'nothing was confirmed'
  const due = dueSat(durable, spend.tx, isRevealed, amountSat =>
    isLeftToOther(trail, spend.tx, amountSat, highestFeerate),
  )
  // On its own commitment second stages are its own, also those whose output nobody has taken.
  const isMine = (madeBy: number | undefined) => madeBy === 0 || (isOwn && madeBy === undefined)
  const fees = steps.slice(1).reduce((sum, { madeBy, feeSat }) => (isMine(madeBy) ? sum + feeSat : sum), 0n)
  const left = unclaimed.filter(output => isNotWorthwhile(output, highestFeerate))
  // The opener's cost has the anchors in it.
  const leftSat = left.reduce((sum, { amountSat }) => (amountSat === ANCHOR_SAT ? sum : sum + amountSat), 0n)
  const got = gotSat[0] ?? 0n
  if (got + fees + leftSat < due)
    return `${due} sat are due, ${got} came, claims cost ${fees}, ${leftSat} is not worth its claim`
  return isMutualClose(durable, spend.tx) ? undefined : feeVerdict(trail, { durable, highestFeerate, isRevoked: false })
}

/** Whether the other side has taken an output of this amount that is worth less than its claim. */
function isLeftToOther({ steps }: MoneyTrail, { outputs }: Tx, amountSat: bigint, highestFeerate: number): boolean {
  return outputs.some(
    (output, vout) =>
      output.amountSat === amountSat &&
      isNotWorthwhile(output, highestFeerate) &&
      steps
        .slice(1)
        .some(
          ({ madeBy, known }) =>
            madeBy === 1 &&
            known.tx.inputs.some(({ outpoint }) => outpoint.vout === vout && outpoint.txid === steps[0]?.known.txid),
        ),
  )
}

/** Everything, and each output before the other side's delay for it is over. */
function penaltyVerdict(trail: MoneyTrail, durable: ChannelDurable, highestFeerate: number): Verdict {
  const { steps, unclaimed, gotSat } = trail
  const open = unclaimed.filter(output => !isNotWorthwhile(output, highestFeerate))
  const [open0] = open
  if (open0 !== undefined) return `${open0.amountSat} sat of a revoked commitment are not punished`
  const theirs = gotSat[1] ?? 0n
  if (theirs > 0n) return `the other side has ${theirs} sat of a commitment that it has revoked`
  const late = steps.find(({ madeBy, waited }) => madeBy === 0 && waited > durable.params.local.toSelfDelay)
  if (late !== undefined)
    return `a penalty took ${late.waited} blocks, and the delay is ${durable.params.local.toSelfDelay}`
  return feeVerdict(trail, { durable, highestFeerate, isRevoked: true })
}

/** To the next block in which anybody could do anything new: mine what waits, else up to an expiry or the end of a delay. */
function blocksToNext(chain: RegtestChain, trail: MoneyTrail | undefined, { htlcs, params }: ChannelDurable): number {
  if (trail?.spend === undefined || chain.mempool().length > 0) return 1
  const delays = [params.local.toSelfDelay, params.remote.toSelfDelay]
  const times = [
    ...htlcs.map(({ cltvExpiry }) => cltvExpiry),
    ...trail.unclaimed.flatMap(({ height }) => delays.map(delay => height + delay)),
  ]
  // A transaction may be given to the network one block before the one that may hold it.
  const next = times.flatMap(time => [time - 1, time, time + 1]).filter(time => time > chain.height)
  return next.length === 0 ? 1 : Math.min(...next) - chain.height
}

function hasTransactions(chain: RegtestChain, from: number): boolean {
  for (let height = from; height <= chain.height; height++)
    if ((chain.blockAt(height)?.transactions.length ?? 0) > 1) return true
  return false
}

/** What it published last to end the channel. */
function ownClose(state: EngineState, channelId: ChannelId): string | undefined {
  return linksOf(state).find(
    ({ state: { channel } }) => channel !== undefined && 'durable' in channel && channelIdOf(channel) === channelId,
  )?.closingTxid
}

/** Whether a preimage was shown on the chain from a height on: the HTLCs of its hash are paid for then. */
function revealedSince(chain: RegtestChain, start: number): (hash: PaymentHash) => boolean {
  const hashes = new Set<string>()
  for (let height = start; height <= chain.height; height++) {
    for (const { inputs } of chain.blockAt(height)?.transactions ?? []) {
      for (const { witness } of inputs)
        for (const item of witness) if (item.length === 32) hashes.add(toHex(sha256(item)))
    }
  }
  return hash => hashes.has(hash)
}

function describeAnswer({ me, peer, answer }: Exit): string {
  if (answer.type === 'own') return `${me.name} publishes its commitment`
  const after = answer.goesOn ? 'and claims what it can' : 'and does no more'
  return `${peer.name} publishes its commitment ${answer.number} ${after}`
}
