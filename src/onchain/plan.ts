import { type OutPoint, outPointKey, type Txid } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { signCommitment, signedCommitmentTx } from '../commitment/index.ts'
import { groupSweeps, isContested } from './groups.ts'
import { buildHtlcClaim } from './htlcClaim.ts'
import { IRREVOCABLE_DEPTH } from './limits.ts'
import { raised } from './raise.ts'
import { type Situation, validCommitments } from './situation.ts'
import type { DirectPath, HtlcTxPath, SpendPath } from './spendPath.ts'
import { pathsIn } from './spendPaths.ts'
import type {
  ChainFacts,
  Claim,
  ConfirmedTx,
  FeeCoin,
  OnchainContext,
  OnchainEventFacts,
  PublishRole,
} from './types.ts'

/** What we want to be published now. */
export interface Plan {
  /** Kept and new ones, by txid: the next state's. */
  readonly claims: readonly Claim[]
  /** Those that the next block may hold: to be published again in each block. */
  readonly active: readonly Claim[]
  /** Those of `active` that are new. */
  readonly fresh: readonly Claim[]
  /** Of those, the ones that take the place of another claim, by txid. */
  readonly replaced: ReadonlyMap<Txid, Txid>
  /** What could not be claimed, and why. */
  readonly troubles: readonly OnchainEventFacts[]
}

/**
 * The claims that follow from where the channel stands. A claim that is out stays as it is as long as no confirmed transaction
 * conflicts with it, but for its fee, which follows the feerates up (`raise.ts`); what is not covered is claimed anew. A fee that
 * grows as a deadline nears has its place here, where claims are kept or made anew.
 */
export function planClaims(
  claims: readonly Claim[],
  facts: ChainFacts,
  situation: Situation,
  context: OnchainContext,
): Plan {
  const spenders = spendersOf(facts)
  const standing = claims.filter(claim => isStanding(claim, spenders, context.height))
  // Reorganised out, the commitment will most likely come back: then so will its claims.
  const nothing = { active: [], fresh: [], replaced: new Map(), troubles: [] }
  if (situation.type === 'open') return { claims: standing, ...nothing }
  if (situation.type !== 'commitment') return { claims: [], ...nothing }
  const { view, height } = context
  const wanted = wantedPaths(pathsIn(situation, { view, facts, party: 'local', height }))
  const { kept, active, replaced } = keep(standing, wanted, { spenders, context })
  const covered = new Set(kept.flatMap(({ tx }) => tx.inputs.map(input => outPointKey(input.outpoint))))
  const open = wanted.filter(path => path.available && !covered.has(outPointKey(path.outpoint)))
  const sweeps = groupSweeps(open.filter(isDirect), context)
  const htlcClaims = claimHtlcs(open.filter(isHtlcTx), { kept, spenders, context })
  const made = [...htlcClaims.claims, ...sweeps.claims]
  const fresh = [...active.filter(({ txid }) => replaced.has(txid)), ...made]
  return {
    claims: [...kept, ...made].sort((a, b) => (a.txid < b.txid ? -1 : 1)),
    active: [...active, ...made],
    fresh,
    replaced,
    troubles: [...htlcClaims.troubles, ...sweeps.troubles],
  }
}

/** What ends the channel while its funding output is unspent. */
export function closingTransactions({
  view,
  secrets,
}: OnchainContext): readonly { readonly tx: Tx; readonly role: PublishRole }[] {
  if (view.publish === 'mutual_close') return view.mutualCloses.map(tx => ({ tx, role: 'mutual-close' }))
  if (view.publish === 'nothing') return []
  const own = validCommitments(view).find(({ name }) => name === 'local')?.built
  if (own === undefined) return []
  const holder = signCommitment(own, secrets.fundingSecret)
  const tx = signedCommitmentTx(own, { holder, counterparty: view.localCommit.remoteSignature })
  return [{ tx, role: 'commitment' }]
}

type Spenders = ReadonlyMap<string, ConfirmedTx>

/** Who spends an outpoint, by its key. */
export function spendersOf({ transactions }: ChainFacts): Spenders {
  const spenders = new Map<string, ConfirmedTx>()
  for (const each of transactions) for (const { outpoint } of each.tx.inputs) spenders.set(outPointKey(outpoint), each)
  return spenders
}

/** No other transaction has taken one of its inputs, and it has not become final itself. */
function isStanding(claim: Claim, spenders: Spenders, height: number): boolean {
  return claim.tx.inputs.every(({ outpoint }) => {
    const spender = spenders.get(outPointKey(outpoint))
    if (spender === undefined) return true
    return spender.txid === claim.txid && height - spender.height + 1 < IRREVOCABLE_DEPTH
  })
}

/** One way for each output, now or later: a penalty where there is one. Anchors are left for those who bump fees with them. */
function wantedPaths(paths: readonly SpendPath[]): readonly (DirectPath | HtlcTxPath)[] {
  const wanted = new Map<string, DirectPath | HtlcTxPath>()
  for (const path of paths) {
    if (!isHtlcTx(path) && !isSweep(path)) continue
    const key = outPointKey(path.outpoint)
    if (path.role === 'penalty' || !wanted.has(key)) wanted.set(key, path)
  }
  return [...wanted.values()]
}

function isSweep(path: SpendPath): path is DirectPath {
  return 'sequence' in path && path.way !== 'anchor' && path.way !== 'anchor_anyone'
}

function isDirect(path: DirectPath | HtlcTxPath): path is DirectPath {
  return 'sequence' in path
}

function isHtlcTx(path: SpendPath): path is HtlcTxPath {
  return path.way === 'htlc_timeout' || path.way === 'htlc_success'
}

/**
 * The claims that go on. `active` ones can be in the next block. The others are confirmed already, or wait: after a
 * reorganisation a delay may have to run out again, or a claim of ours that they spend has to confirm again.
 */
function keep(
  standing: readonly Claim[],
  wanted: readonly (DirectPath | HtlcTxPath)[],
  { spenders, context }: { readonly spenders: Spenders; readonly context: OnchainContext },
): Pick<Plan, 'active' | 'replaced'> & { readonly kept: readonly Claim[] } {
  const paths = new Map(wanted.map(path => [outPointKey(path.outpoint), path]))
  const own = new Set(standing.map(({ txid }) => txid))
  const kept: Claim[] = []
  const active: Claim[] = []
  const replaced = new Map<Txid, Txid>()
  for (const claim of standing) {
    const outpoints = resolvedOutpoints(claim)
    const covers = outpoints.flatMap(outpoint => paths.get(outPointKey(outpoint)) ?? [])
    const isConfirmed = outpoints.some(outpoint => spenders.has(outPointKey(outpoint)))
    if (isConfirmed || (covers.length < outpoints.length && outpoints.every(({ txid }) => own.has(txid)))) {
      kept.push(claim)
    } else if (covers.length === outpoints.length && !isToBeSplit(covers, context)) {
      const isOut = covers.every(path => path.available)
      const dearer = isOut ? raised(claim, covers, context) : undefined
      kept.push(dearer ?? claim)
      if (isOut) active.push(dearer ?? claim)
      if (dearer !== undefined) replaced.set(dearer.txid, claim.txid)
    }
  }
  return { kept, active, replaced }
}

/** The outputs of the channel that a claim spends: its inputs but for the wallet's coins. */
function resolvedOutpoints({ tx, feeCoins }: Claim): readonly OutPoint[] {
  const coins = new Set(feeCoins.map(coin => outPointKey(coin.outpoint)))
  return tx.inputs.map(input => input.outpoint).filter(outpoint => !coins.has(outPointKey(outpoint)))
}

/** A batch that holds an HTLC near its expiry could be pinned until it is too late for all of it (BOLT 5, security_delay). */
function isToBeSplit(covers: readonly (DirectPath | HtlcTxPath)[], context: OnchainContext): boolean {
  return covers.length > 1 && covers.some(path => isContested(path, context))
}

/** Second stages, the largest first: where wallet coins are scarce, they go where they save most. */
function claimHtlcs(
  paths: readonly HtlcTxPath[],
  {
    kept,
    spenders,
    context,
  }: { readonly kept: readonly Claim[]; readonly spenders: Spenders; readonly context: OnchainContext },
): { readonly claims: readonly Claim[]; readonly troubles: readonly OnchainEventFacts[] } {
  const taken = new Set(kept.flatMap(({ feeCoins }) => feeCoins.map(coin => outPointKey(coin.outpoint))))
  const isFree = ({ outpoint }: FeeCoin): boolean =>
    !taken.has(outPointKey(outpoint)) && !spenders.has(outPointKey(outpoint))
  const claims: Claim[] = []
  const troubles: OnchainEventFacts[] = []
  for (const path of paths.toSorted((a, b) => Number(b.amountSat - a.amountSat))) {
    const made = buildHtlcClaim(path, context.feeCoins.filter(isFree), context)
    if (made.type === 'built') {
      claims.push(made.claim)
      for (const coin of made.claim.feeCoins) taken.add(outPointKey(coin.outpoint))
    } else if (made.type === 'no_coins') {
      troubles.push({ type: 'fee_coin_missing', htlc: path.htlc, feeSat: made.feeSat })
    } else {
      troubles.push({ type: 'claim_not_worthwhile', outpoint: path.outpoint, amountSat: path.amountSat })
    }
  }
  return { claims, troubles }
}
