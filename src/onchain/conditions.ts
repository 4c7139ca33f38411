import { feeratePerKw, outPointKey } from '../base/index.ts'
import { isWorthless } from './claimTx.ts'
import { leastFeeSat } from './htlcClaim.ts'
import { IRREVOCABLE_DEPTH, LOWEST_FEERATE_PER_KW, SAFE_DEPTH } from './limits.ts'
import type { ChannelOutput } from './outputs.ts'
import { spendersOf } from './plan.ts'
import { htlcKey, knownHtlcs, revealsPreimage, validHtlcs } from './preimages.ts'
import type { CommitmentOnChain, Situation } from './situation.ts'
import type { SpendPath } from './spendPath.ts'
import { pathsIn } from './spendPaths.ts'
import type { ChainFacts, ChannelHtlc, ConfirmedTx, OnchainContext, OnchainEventFacts } from './types.ts'

// What holds at a height and is worth telling. Each is told when it begins to hold; a reorganisation may make it begin again.

interface Ground {
  readonly situation: Situation
  readonly facts: ChainFacts
  readonly context: OnchainContext
  readonly spenders: ReadonlyMap<string, ConfirmedTx>
}

export function conditions(
  situation: Situation,
  facts: ChainFacts,
  context: OnchainContext,
): readonly OnchainEventFacts[] {
  const ground: Ground = { situation, facts, context, spenders: spendersOf(facts) }
  return [
    ...spendConditions(situation),
    ...preimageConditions(ground),
    ...htlcConditions(ground),
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
  { situation, facts, context, spenders }: Ground,
  htlc: ChannelHtlc,
  output: ChannelOutput,
): OnchainEventFacts | undefined {
  const spender = spenders.get(outPointKey(output.outpoint))
  if (spender === undefined || depth(spender, context) < SAFE_DEPTH) return undefined
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
  const paths = pathsByOutpoint(ground)
  return commitment.outputs.every(output => isOutputResolved(output, commitment, { ...ground, paths }))
}

function pathsByOutpoint({ situation, facts, context }: Ground): ReadonlyMap<string, readonly SpendPath[]> {
  const { view, height } = context
  const byOutpoint = new Map<string, SpendPath[]>()
  for (const path of pathsIn(situation, { view, facts, party: 'local', height })) {
    const key = outPointKey(path.outpoint)
    byOutpoint.set(key, [...(byOutpoint.get(key) ?? []), path])
  }
  return byOutpoint
}

function isOutputResolved(
  output: ChannelOutput,
  commitment: CommitmentOnChain,
  ground: Ground & { readonly paths: ReadonlyMap<string, readonly SpendPath[]> },
): boolean {
  if (output.kind === 'local_anchor' || output.kind === 'remote_anchor') return true
  const { context, spenders } = ground
  const spender = spenders.get(outPointKey(output.outpoint))
  if (spender !== undefined) return depth(spender, context) >= IRREVOCABLE_DEPTH
  const paths = ground.paths.get(outPointKey(output.outpoint)) ?? []
  return paths.every(path => isHopeless(path, context) || isLeftToPeer(path, commitment, context))
}

/** Not worth its claim at any feerate. */
function isHopeless(path: SpendPath, { destinationScript, view }: OnchainContext): boolean {
  if ('sequence' in path) return isWorthless(path, destinationScript)
  if (path.way !== 'htlc_timeout' && path.way !== 'htlc_success') return false
  // Without anchors the fee is agreed on and the transaction signed.
  if (view.format === 'static_remotekey') return false
  return leastFeeSat(path, feeratePerKw(LOWEST_FEERATE_PER_KW)) >= path.amountSat
}

/** An HTLC that we were offered and whose preimage we never learned: the peer's once it has expired (BOLT 5). */
function isLeftToPeer(path: SpendPath, commitment: CommitmentOnChain, { height }: OnchainContext): boolean {
  if (commitment.name === 'revoked' || path.htlc === undefined || path.preimage === undefined) return false
  return path.preimage.known === undefined && height >= path.htlc.cltvExpiry + IRREVOCABLE_DEPTH
}
