import { outPointKey, sat } from '../base/index.ts'
import { isGivenUp, isHopeless, isOpen } from './left.ts'
import { IRREVOCABLE_DEPTH, LEFT_AFTER_BLOCKS, SAFE_DEPTH } from './limits.ts'
import type { ChannelOutput } from './outputs.ts'
import { spendersOf } from './plan.ts'
import { htlcKey, knownHtlcs, revealsPreimage, validHtlcs } from './preimages.ts'
import { nameOf } from './sentences.ts'
import type { CommitmentOnChain, Situation } from './situation.ts'
import type { SpendPath } from './spendPath.ts'
import { pathsIn } from './spendPaths.ts'
import type { ChainFacts, ChannelHtlc, Claim, ConfirmedTx, OnchainContext, OnchainEventFacts } from './types.ts'

// What holds at a height and is worth telling. Each is told when it begins to hold; a reorganisation may make it begin again.

interface Ground {
  readonly situation: Situation
  readonly facts: ChainFacts
  readonly context: OnchainContext
  readonly spenders: ReadonlyMap<string, ConfirmedTx>
  readonly claims: readonly Claim[]
  /** Whether no coin of the wallet is free for the transaction that takes it. */
  readonly lacksCoin: (htlc: ChannelHtlc) => boolean
  /** Our ways to spend each unspent output of the confirmed commitment. Only worked out where they are asked for. */
  readonly paths: () => ReadonlyMap<string, readonly SpendPath[]>
}

/** `claims`: what we publish from now on. `troubles`: what is in the way of others, by its names. */
export function conditions(
  situation: Situation,
  facts: ChainFacts,
  {
    claims,
    troubles,
    context,
  }: { readonly claims: readonly Claim[]; readonly troubles: readonly string[]; readonly context: OnchainContext },
): readonly OnchainEventFacts[] {
  let known: ReturnType<Ground['paths']> | undefined
  const paths: Ground['paths'] = () => {
    known ??= pathsByOutpoint(situation, facts, context)
    return known
  }
  const lacksCoin: Ground['lacksCoin'] = htlc =>
    troubles.includes(nameOf({ type: 'fee_coin_missing', htlc, feeSat: sat(0) }))
  const ground: Ground = { situation, facts, context, spenders: spendersOf(facts), claims, lacksCoin, paths }
  return [
    ...spendConditions(situation),
    ...preimageConditions(ground),
    ...htlcConditions(ground),
    ...untoldConditions(ground),
    ...unfundedConditions(ground),
    ...leftConditions(ground),
    ...(isResolved(ground) ? [{ type: 'resolved' } as const] : []),
  ]
}

function spendConditions(situation: Situation): readonly OnchainEventFacts[] {
  if (situation.type === 'open') return []
  const { txid, height } = situation.spend
  if (situation.type === 'mutual_close') return [{ type: 'mutual_close_confirmed', txid, height }]
  if (situation.type === 'unknown') return [{ type: 'unknown_spend', txid }]
  const { name: which, number: commitmentNumber, outputs } = situation.commitment
  // Until the archive has told its HTLCs it may be an old commitment of our own, and we accuse nobody on a guess.
  if (which === 'revoked' && !outputs.some(isProof)) return []
  const confirmed = { type: 'commitment_confirmed', which, commitmentNumber, txid, height } as const
  if (which === 'revoked') return [confirmed, { type: 'revoked_commitment', commitmentNumber, txid }]
  if (which === 'future' || which === 'own_future') return [confirmed, { type: 'data_loss', commitmentNumber, txid }]
  return [confirmed]
}

/** Anchors are on the commitments of both sides. */
function isProof({ kind }: ChannelOutput): boolean {
  return kind !== 'local_anchor' && kind !== 'remote_anchor'
}

/**
 * What the chain showed and those upstream do not know: also a preimage of ours, where an HTLC that we offered has the same hash,
 * since the peer can take that one now.
 */
function preimageConditions({ facts, context: { view } }: Ground): readonly OnchainEventFacts[] {
  const htlcs = knownHtlcs(view, facts)
  const isTold = (htlc: ChannelHtlc): boolean => htlc.offeredBy === 'remote' || isFulfilled(htlc, view)
  return [...facts.preimages].flatMap(([paymentHash, paymentPreimage]): OnchainEventFacts[] => {
    const named = htlcs.filter(htlc => htlc.paymentHash === paymentHash)
    if (view.preimages.has(paymentHash) && named.every(isTold)) return []
    const refs = named.map(({ offeredBy, id }) => ({ offeredBy, id }))
    return [{ type: 'preimage_found', paymentHash, paymentPreimage, htlcs: refs }]
  })
}

function htlcConditions(ground: Ground): readonly OnchainEventFacts[] {
  const { situation, context } = ground
  // Which HTLCs an unknown commitment holds cannot be told, so that no HTLC is known to be missing from it.
  if (situation.type !== 'commitment' || !situation.commitment.htlcsKnown) return []
  const outputs = new Map<string, ChannelOutput & { kind: 'htlc' }>()
  for (const output of situation.commitment.outputs) {
    if (output.kind === 'htlc') outputs.set(htlcKey(output.htlc), output)
  }
  return validHtlcs(context.view).flatMap((htlc): OnchainEventFacts[] => {
    const output = outputs.get(htlcKey(htlc))
    const event = output === undefined ? missingHtlc(ground, htlc) : spentHtlc(ground, htlc, output)
    return event === undefined ? [] : [event]
  })
}

/** An HTLC without an output: trimmed, not yet there, or there no longer (BOLT 5, HTLC output handling). */
function missingHtlc({ situation, facts, context }: Ground, htlc: ChannelHtlc): OnchainEventFacts | undefined {
  if (htlc.offeredBy === 'remote' || situation.type !== 'commitment') return undefined
  if (isPaidUpstream(htlc, facts, context)) return undefined
  if (depth(situation.spend, context) < SAFE_DEPTH) return undefined
  return { type: 'htlc_timed_out', htlc, cause: 'no_output' }
}

function spentHtlc(
  ground: Ground,
  htlc: ChannelHtlc,
  output: ChannelOutput & { kind: 'htlc' },
): OnchainEventFacts | undefined {
  const { situation, facts, context, spenders } = ground
  const spender = spenders.get(outPointKey(output.outpoint))
  if (spender === undefined) return unspentHtlc(ground, htlc, output)
  if (depth(spender, context) < SAFE_DEPTH) return undefined
  if (htlc.offeredBy === 'local') {
    return isPaidUpstream(htlc, facts, context)
      ? undefined
      : { type: 'htlc_timed_out', htlc, cause: 'output_taken_back' }
  }
  if (revealsPreimage(spender.tx, output.outpoint, htlc.paymentHash)) return { type: 'htlc_claimed', htlc }
  // On a revoked commitment it is ours by the penalty, whoever was first.
  return situation.type === 'commitment' && situation.commitment.name === 'revoked'
    ? undefined
    : { type: 'htlc_returned', htlc }
}

/** Nobody wants what it holds: then it does not keep those upstream waiting, nor whoever asked for the payment. */
function unspentHtlc(ground: Ground, htlc: ChannelHtlc, output: ChannelOutput): OnchainEventFacts | undefined {
  const { facts, context } = ground
  if (htlc.offeredBy === 'remote' || isPaidUpstream(htlc, facts, context)) return undefined
  if (isLeft(output, ground)) return { type: 'htlc_timed_out', htlc, cause: 'given_up' }
  return isUnclaimed(htlc, output, ground) ? { type: 'htlc_unknown', htlc, cause: 'unclaimed' } : undefined
}

/** As long after its expiry there is still no coin for the fee of our transaction: whoever paid with it hears so. */
function isUnclaimed(htlc: ChannelHtlc, { height }: ChannelOutput, { context, lacksCoin }: Ground): boolean {
  const since = Math.max(height ?? Number.POSITIVE_INFINITY, htlc.cltvExpiry)
  return context.height >= since + LEFT_AFTER_BLOCKS && lacksCoin(htlc)
}

/** HTLCs of ours in an old copy: what became of them only the peer knows, but for preimages that the chain shows. */
function untoldConditions(ground: Ground): readonly OnchainEventFacts[] {
  const { facts, context } = ground
  return validHtlcs(context.view)
    .filter(htlc => htlc.offeredBy === 'local' && !isPaidUpstream(htlc, facts, context) && isUntold(htlc, ground))
    .map(htlc => ({ type: 'htlc_unknown', htlc, cause: 'untold' }))
}

/** HTLCs of ours in a channel that was used before it was confirmed, and never was: whoever paid with them is not kept waiting. */
function unfundedConditions({ situation, facts, context }: Ground): readonly OnchainEventFacts[] {
  const { view, height } = context
  if (view.isUnfunded !== true || situation.type !== 'open') return []
  return validHtlcs(view)
    .filter(htlc => htlc.offeredBy === 'local' && height >= htlc.cltvExpiry + LEFT_AFTER_BLOCKS)
    .filter(htlc => !isPaidUpstream(htlc, facts, context))
    .map(htlc => ({ type: 'htlc_unknown', htlc, cause: 'unclaimed' }))
}

/** As long as an HTLC may stand on a commitment that we do not know, the peer may take it there. After a close it was over before. */
function isUntold({ cltvExpiry }: ChannelHtlc, { situation, context }: Ground): boolean {
  if (situation.type === 'mutual_close' || situation.type === 'unknown')
    return depth(situation.spend, context) >= SAFE_DEPTH
  return isForgotten(situation, context) && context.height >= cltvExpiry + SAFE_DEPTH
}

function isForgotten(situation: Situation, { view }: OnchainContext): boolean {
  if (situation.type === 'open') return view.isOldCopy
  return situation.type === 'commitment' && ['future', 'own_future'].includes(situation.commitment.name)
}

function leftConditions(ground: Ground): readonly OnchainEventFacts[] {
  const { situation, spenders } = ground
  if (situation.type !== 'commitment') return []
  return situation.commitment.outputs
    .filter(output => !spenders.has(outPointKey(output.outpoint)))
    .flatMap(output => {
      const why = isLeft(output, ground) ? 'waited' : isNeverTaken(output, ground) ? 'hopeless' : undefined
      return why === undefined
        ? []
        : [{ type: 'claim_given_up', outpoint: output.outpoint, amountSat: output.amountSat, why }]
    })
}

/** Ours, and not worth its claim at any feerate: nobody waits for it, unless the peer may still take it and say so what it paid for. */
function isNeverTaken(output: ChannelOutput, { context, paths }: Ground): boolean {
  const { outpoint, height } = output
  if (output.kind === 'htlc' && output.htlc.offeredBy === 'local') return false
  if (height === undefined || context.height < height + IRREVOCABLE_DEPTH - 1) return false
  const ways = (paths().get(outPointKey(outpoint)) ?? []).filter(isOpen)
  return ways.length > 0 && ways.every(path => isHopeless(path, context))
}

/** Whether an unspent output is given up. */
function isLeft({ outpoint, height }: ChannelOutput, { context, claims, paths }: Ground): boolean {
  if (height === undefined || context.height < height + LEFT_AFTER_BLOCKS) return false
  return isGivenUp(paths().get(outPointKey(outpoint)) ?? [], claims, context)
}

/** What the preimage of an HTLC of ours was told for is asked for upstream, and never failed there, even if it came back to us. */
function isPaidUpstream(htlc: ChannelHtlc, facts: ChainFacts, { view }: OnchainContext): boolean {
  return facts.preimages.has(htlc.paymentHash) || isFulfilled(htlc, view)
}

function isFulfilled(htlc: ChannelHtlc, { fulfilled }: OnchainContext['view']): boolean {
  return fulfilled.some(({ offeredBy, id }) => offeredBy === htlc.offeredBy && id === htlc.id)
}

function depth({ height }: ConfirmedTx, context: OnchainContext): number {
  return context.height - height + 1
}

/** BOLT 5, general nomenclature: every output that could still become ours is spent, and deep enough. */
function isResolved(ground: Ground): boolean {
  const { situation, context } = ground
  if (situation.type === 'open' || depth(situation.spend, context) < IRREVOCABLE_DEPTH) return false
  if (situation.type !== 'commitment') return true
  const { commitment } = situation
  if (commitment.name === 'revoked' && !commitment.htlcsKnown) return false
  if (isForgotten(situation, context) && validHtlcs(context.view).some(htlc => isAwaited(htlc, ground))) return false
  return commitment.outputs.every(output => isOutputResolved(output, commitment, ground))
}

function isAwaited(htlc: ChannelHtlc, ground: Ground): boolean {
  return htlc.offeredBy === 'local' && !isPaidUpstream(htlc, ground.facts, ground.context) && !isUntold(htlc, ground)
}

function pathsByOutpoint(
  situation: Situation,
  facts: ChainFacts,
  context: OnchainContext,
): ReadonlyMap<string, readonly SpendPath[]> {
  const { view, height } = context
  const byOutpoint = new Map<string, SpendPath[]>()
  for (const path of pathsIn(situation, { view, facts, party: 'local', height })) {
    const key = outPointKey(path.outpoint)
    byOutpoint.set(key, [...(byOutpoint.get(key) ?? []), path])
  }
  return byOutpoint
}

function isOutputResolved(output: ChannelOutput, commitment: CommitmentOnChain, ground: Ground): boolean {
  if (output.kind === 'local_anchor' || output.kind === 'remote_anchor') return true
  const { context, facts, spenders } = ground
  const spender = spenders.get(outPointKey(output.outpoint))
  if (spender !== undefined) return depth(spender, context) >= IRREVOCABLE_DEPTH
  if (isLeft(output, ground)) return true
  // As long as the peer may take an HTLC of ours, and so say that it was paid, we look at it, worth something to us or not.
  const mayBePaid =
    output.kind === 'htlc' && output.htlc.offeredBy === 'local' && !isPaidUpstream(output.htlc, facts, context)
  const paths = ground.paths().get(outPointKey(output.outpoint)) ?? []
  return paths.every(path => (isHopeless(path, context) && !mayBePaid) || isLeftToPeer(path, commitment, context))
}

/** An HTLC that we were offered and whose preimage we never learned: the peer's once it has expired (BOLT 5). */
function isLeftToPeer(path: SpendPath, commitment: CommitmentOnChain, { height }: OnchainContext): boolean {
  if (commitment.name === 'revoked' || path.htlc === undefined || path.preimage === undefined) return false
  return path.preimage.known === undefined && height >= path.htlc.cltvExpiry + IRREVOCABLE_DEPTH
}
