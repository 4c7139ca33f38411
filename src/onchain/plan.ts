import { type OutPoint, outPointKey, type Sat, type Txid } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import { signCommitment, signedCommitmentTx } from '../commitment/index.ts'
import { anchorChild, isChildOf } from './anchorChild.ts'
import { floorsFrom, type Split, splitOf } from './floors.ts'
import { groupSweeps } from './groups.ts'
import { IRREVOCABLE_DEPTH } from './limits.ts'
import { feePaid, raised } from './raise.ts'
import { claimSecondStages } from './secondStages.ts'
import { type Situation, validCommitments } from './situation.ts'
import { type DirectPath, type HtlcTxPath, isDirect, type SpendPath } from './spendPath.ts'
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
  /** Of `active` while the funding output is unspent: the commitment that they pay for. */
  readonly parent?: Tx
  /** What could not be claimed, and why. */
  readonly troubles: readonly OnchainEventFacts[]
}

/**
 * The claims that follow from where the channel stands. A claim that is out stays as it is as long as no confirmed transaction
 * conflicts with it, but for its fee, which follows the feerates up and grows as its deadline nears (`raise.ts`); what is not covered
 * is claimed anew, for no less than was bid for it before (`floors.ts`).
 */
export function planClaims(
  claims: readonly Claim[],
  facts: ChainFacts,
  situation: Situation,
  context: OnchainContext,
): Plan {
  const spenders = spendersOf(facts)
  const standing = claims.filter(claim => isStanding(claim, spenders, context.height))
  const nothing = { active: [], fresh: [], replaced: new Map(), troubles: [] }
  if (situation.type === 'open') return planChild(standing, facts, context)
  if (situation.type !== 'commitment') return { claims: [], ...nothing }
  const { view, height } = context
  const wanted = wantedPaths(pathsIn(situation, { view, facts, party: 'local', height }))
  const ground: Ground = {
    spenders,
    context,
    amountOf: amountsOf(facts, context),
    commitmentTxid: situation.spend.txid,
  }
  const { kept, active, replaced, splits } = keep(standing, wanted, ground)
  const covered = new Set(kept.flatMap(({ tx }) => tx.inputs.map(input => outPointKey(input.outpoint))))
  const open = wanted.filter(path => path.available && !covered.has(outPointKey(path.outpoint)))
  const beaten = claims.filter(claim => !isStanding(claim, spenders, height))
  const floors = floorsFrom(beaten, splits, ground.amountOf)
  const sweeps = groupSweeps(open.filter(isDirect), context, floors)
  const secondStages = claimSecondStages(open.filter(isHtlcTx), { coins: freeCoins(kept, ground), context, floors })
  const made = [...secondStages.claims, ...sweeps.claims]
  const parts = new Map(made.flatMap(claim => placeTaken(claim, splits)))
  // What takes the place of a batch goes first: until then the batch keeps the others out.
  const inTurn = [...made.filter(({ txid }) => parts.has(txid)), ...made.filter(({ txid }) => !parts.has(txid))]
  return {
    claims: [...kept, ...made].sort((a, b) => (a.txid < b.txid ? -1 : 1)),
    active: [...active, ...inTurn],
    fresh: [...active.filter(({ txid }) => replaced.has(txid)), ...inTurn],
    replaced: new Map([...replaced, ...parts]),
    troubles: [...secondStages.troubles, ...sweeps.troubles],
  }
}

/**
 * While the funding output is unspent: a child for our commitment, where that is to be published and pays too little. Claims of a commitment
 * that was reorganised out stay: it will most likely come back, and then so will they.
 */
function planChild(standing: readonly Claim[], facts: ChainFacts, context: OnchainContext): Plan {
  const plan = { claims: standing, active: [], fresh: [], replaced: new Map(), troubles: [] }
  const { view, height } = context
  const commitment = closingTransactions(context).find(({ role }) => role === 'commitment')?.tx
  // What spends a funding output that no block has held for long may never confirm, and a coin would wait with it.
  if (commitment === undefined || view.format !== 'anchors_zero_fee_htlc' || view.isUnfunded === true) return plan
  const id = txid(commitment)
  const [before] = standing.filter(claim => isChildOf(claim, id))
  const amountOf = amountsOf(facts, context)
  const ground: Ground = { spenders: spendersOf(facts), context, amountOf, commitmentTxid: id }
  const coins = [...(before === undefined ? [] : coinsOf(before, context)), ...freeCoins(standing, ground)]
  const paths = pathsIn({ type: 'open' }, { view, facts, party: 'local', height }).filter(({ on }) => on === 'local')
  const made = anchorChild({ commitment, paths, before, coins, amountOf: amountOfOpen(paths, ground) }, context)
  if (made.type === 'none') return plan
  if (made.type === 'no_coins')
    return { ...plan, troubles: [{ type: 'anchor_coin_missing', txid: id, feeSat: made.feeSat }] }
  const { claim } = made
  const isNew = claim !== before
  return {
    ...plan,
    claims: [...standing.filter(each => each !== before), claim].sort((a, b) => (a.txid < b.txid ? -1 : 1)),
    active: [claim],
    fresh: isNew ? [claim] : [],
    replaced: new Map(isNew && before !== undefined ? [[claim.txid, before.txid]] : []),
    parent: commitment,
  }
}

/** With what no block holds yet: the funding output is known by its amount, an anchor by what it is. */
function amountOfOpen(paths: readonly SpendPath[], { context: { view }, amountOf }: Ground): Ground['amountOf'] {
  const amounts = new Map(paths.map(({ outpoint, amountSat }) => [outPointKey(outpoint), amountSat]))
  amounts.set(outPointKey(view.fundingOutpoint), view.fundingAmountSat)
  return key => amounts.get(key) ?? amountOf(key)
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
  ground: Ground,
): Pick<Plan, 'active' | 'replaced'> & { readonly kept: readonly Claim[]; readonly splits: readonly Split[] } {
  const { spenders, context, amountOf } = ground
  const paths = new Map(wanted.map(path => [outPointKey(path.outpoint), path]))
  const own = new Set(standing.map(({ txid }) => txid))
  const kept: Claim[] = []
  const active: Claim[] = []
  const replaced = new Map<Txid, Txid>()
  const splits: Split[] = []
  const free = freeCoins(standing, ground)
  for (const claim of standing) {
    const outpoints = resolvedOutpoints(claim)
    const covers = outpoints.flatMap(outpoint => paths.get(outPointKey(outpoint)) ?? [])
    const isConfirmed = outpoints.some(outpoint => spenders.has(outPointKey(outpoint)))
    if (isChildOf(claim, ground.commitmentTxid)) {
      // It has done what it was for, and goes on until it confirms: its coins are in it.
      kept.push(claim)
      if (!isConfirmed) active.push(claim)
    } else if (isConfirmed || (covers.length < outpoints.length && outpoints.every(({ txid }) => own.has(txid)))) {
      kept.push(claim)
    } else if (covers.length === outpoints.length) {
      const split = splitOf(claim, covers, ground)
      if (split !== undefined) splits.push(split)
      else {
        const isOut = covers.every(path => path.available)
        const coins = [...coinsOf(claim, context), ...free]
        const dearer = isOut
          ? raised({ claim, ways: covers, paidSat: feePaid(claim, amountOf), coins }, context)
          : undefined
        const next = dearer ?? claim
        kept.push(next)
        if (isOut) active.push(next)
        if (dearer !== undefined) replaced.set(dearer.txid, claim.txid)
        for (const { outpoint } of next.feeCoins)
          free.splice(0, free.length, ...free.filter(coin => outPointKey(coin.outpoint) !== outPointKey(outpoint)))
      }
    }
  }
  return { kept, active, replaced, splits }
}

/** What claims are kept or made anew with. */
interface Ground {
  readonly spenders: Spenders
  readonly context: OnchainContext
  /** Of the one that is in a block, or else that we publish. */
  readonly commitmentTxid: Txid
  /** What the outputs of the channel and the coins of the wallet hold, by their outpoints' keys. */
  readonly amountOf: (key: string) => Sat | undefined
}

function amountsOf({ transactions }: ChainFacts, { feeCoins }: OnchainContext): Ground['amountOf'] {
  const amounts = new Map<string, Sat>()
  for (const { txid, tx } of transactions) {
    for (const [vout, { amountSat }] of tx.outputs.entries()) amounts.set(outPointKey({ txid, vout }), amountSat)
  }
  for (const { outpoint, amountSat } of feeCoins) amounts.set(outPointKey(outpoint), amountSat)
  return key => amounts.get(key)
}

/** Those in no transaction of ours, nor in a block. */
function freeCoins(claims: readonly Claim[], { spenders, context }: Ground): FeeCoin[] {
  const taken = new Set(claims.flatMap(({ feeCoins }) => feeCoins.map(coin => outPointKey(coin.outpoint))))
  return context.feeCoins.filter(({ outpoint }) => {
    const key = outPointKey(outpoint)
    return !taken.has(key) && !spenders.has(key)
  })
}

function coinsOf({ feeCoins }: Claim, context: OnchainContext): readonly FeeCoin[] {
  const own = new Set(feeCoins.map(coin => outPointKey(coin.outpoint)))
  return context.feeCoins.filter(({ outpoint }) => own.has(outPointKey(outpoint)))
}

/** Which batch a new claim takes the place of. */
function placeTaken({ txid, tx }: Claim, splits: readonly Split[]): readonly (readonly [Txid, Txid])[] {
  const inputs = new Set(tx.inputs.map(({ outpoint }) => outPointKey(outpoint)))
  return splits.filter(({ by }) => inputs.has(outPointKey(by.outpoint))).map(({ claim }) => [txid, claim.txid] as const)
}

/** The outputs of the channel that a claim spends: its inputs but for the wallet's coins. */
export function resolvedOutpoints({ tx, feeCoins }: Claim): readonly OutPoint[] {
  const coins = new Set(feeCoins.map(coin => outPointKey(coin.outpoint)))
  return tx.inputs.map(input => input.outpoint).filter(outpoint => !coins.has(outPointKey(outpoint)))
}
