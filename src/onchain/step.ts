import { outPointKey } from '../base/index.ts'
import { p2wshScript } from '../bitcoin/index.ts'
import { anchorScript, fundingScript } from '../commitment/index.ts'
import { absorb } from './absorb.ts'
import { punishAhead } from './ahead.ts'
import { changedRecords } from './codec/records.ts'
import { conditions } from './conditions.ts'
import { closingTransactions, type Plan, planClaims, resolvedOutpoints, spendersOf } from './plan.ts'
import { nameOf, told } from './sentences.ts'
import { readSituation, type Situation } from './situation.ts'
import type { Claim, OnchainContext, OnchainEffect, OnchainInput, OnchainState, OnchainStep } from './types.ts'

/**
 * One step of the enforcement of one channel. It remembers what the chain said, and works out everything else from that: where
 * the channel stands, what is ours to take, what is to be told. So a reorganisation only takes facts away.
 *
 *     started            → watch the funding output
 *     spent (a commitment) → event commitment_confirmed, watch its outputs
 *     block              → publish the claims that the next block may hold, again in each block until they confirm
 *     spent (an HTLC)    → event preimage_found
 *     block, 6 deep      → events htlc_timed_out …, at last resolved
 */
export function step(state: OnchainState, input: OnchainInput, context: OnchainContext): OnchainStep {
  const facts = absorb(state.facts, input, context.view)
  const situation = readSituation(context.view, facts)
  const plan = isTimeToAct(input) ? planClaims(state.claims, facts, situation, context) : undefined
  // Of most channels there are none, and the same ones are no news.
  const claims = plan === undefined || areSame(plan.claims, state.claims) ? state.claims : plan.claims
  const troubles = troubleNames(state, plan)
  const holds = conditions(situation, facts, { claims, troubles, context })
  const reported = [...new Set([...holds.map(nameOf), ...troubles])].sort()
  const next: OnchainState = { facts, claims, reported }
  const known = new Set(state.reported)
  const news = [...holds, ...(plan?.troubles ?? [])].filter(event => !known.has(nameOf(event)))
  return {
    next,
    writes: changedRecords(state, next),
    effects: [
      ...watchEffects(state, next, { input, situation, context }),
      ...loadEffects(situation, input),
      ...news.map((event): OnchainEffect => ({ type: 'event', event: told(event) })),
      ...(input.type === 'unconfirmed_spend' && situation.type === 'open' ? punishAhead(facts, input.tx, context) : []),
      ...withdrawEffects(state, next, plan),
      ...publishEffects(situation, plan, { input, context }),
    ],
  }
}

function areSame(a: readonly Claim[], b: readonly Claim[]): boolean {
  return a.length === b.length && a.every((claim, index) => claim === b[index])
}

/** Spends come in several for one block, and an undone block is followed by another: claims are looked at when all is told. */
function isTimeToAct({ type }: OnchainInput): boolean {
  return type === 'block' || type === 'view_updated' || type === 'revoked_htlcs' || type === 'started'
}

const TROUBLES = ['claim_not_worthwhile/', 'fee_coin_missing/', 'anchor_coin_missing/']

/** Troubles with claims are known only where claims were looked at; until then they stand as they were told. */
function troubleNames(state: OnchainState, plan: Plan | undefined): readonly string[] {
  const isTrouble = (name: string): boolean => TROUBLES.some(kind => name.startsWith(kind))
  return plan === undefined ? state.reported.filter(isTrouble) : plan.troubles.map(nameOf)
}

interface Moment {
  readonly input: OnchainInput
  readonly context: OnchainContext
}

function publishEffects(
  situation: Situation,
  plan: Plan | undefined,
  { input, context }: Moment,
): readonly OnchainEffect[] {
  if (plan === undefined) return []
  const ends = situation.type === 'open' ? closingTransactions(context) : []
  const isAgain = input.type === 'block' || input.type === 'started'
  const due = isAgain ? plan.active : plan.fresh
  const { parent } = plan
  return [
    ...ends.map(({ tx, role }): OnchainEffect => ({ type: 'publish', tx, role })),
    ...due.map(({ txid, tx, role }): OnchainEffect => {
      const replaces = plan.replaced.get(txid)
      const beside = { ...(replaces !== undefined && { replaces }), ...(parent !== undefined && { parent }) }
      return { type: 'publish', tx, role, ...beside }
    }),
  ]
}

/**
 * What spends outputs of transactions that are in no block any more, or never were, where another spend of the funding output has confirmed:
 * the children of our commitment, and the claims on one that a reorganisation has taken away.
 */
function withdrawEffects(before: OnchainState, next: OnchainState, plan: Plan | undefined): readonly OnchainEffect[] {
  if (plan === undefined || before.claims === next.claims) return []
  const known = new Set([...next.claims.map(({ txid }) => txid), ...plan.replaced.values()])
  const spenders = spendersOf(next.facts)
  const confirmed = new Set(next.facts.transactions.map(({ txid }) => txid))
  return before.claims
    .filter(claim => !known.has(claim.txid) && !resolvedOutpoints(claim).some(({ txid }) => confirmed.has(txid)))
    .filter(({ tx }) => !tx.inputs.some(({ outpoint }) => spenders.has(outPointKey(outpoint))))
    .map(({ txid }): OnchainEffect => ({ type: 'withdraw', txid }))
}

/** The archive is asked until it has answered. */
function loadEffects(situation: Situation, input: OnchainInput): readonly OnchainEffect[] {
  if (situation.type !== 'commitment' || situation.commitment.name !== 'revoked') return []
  const { htlcsKnown, number } = situation.commitment
  const asks = input.type === 'spent' || input.type === 'started' || input.type === 'block'
  return htlcsKnown || !asks ? [] : [{ type: 'load_revoked_htlcs', commitmentNumber: number }]
}

type WatchEffect = Extract<OnchainEffect, { type: 'watch' }>

/** After a start everything is asked for; else what this step has brought to light. */
function watchEffects(
  before: OnchainState,
  next: OnchainState,
  { input, situation, context }: Moment & { readonly situation: Situation },
): readonly OnchainEffect[] {
  const isAll = input.type === 'started'
  if (!isAll && before.facts === next.facts && before.claims === next.claims) return []
  const wanted = watches(next, situation, context)
  if (isAll) return wanted
  const known = new Set(
    watches(before, readSituation(context.view, before.facts), context).map(watch => outPointKey(watch.outpoint)),
  )
  return wanted.filter(watch => !known.has(outPointKey(watch.outpoint)))
}

/**
 * The funding output, every output of the commitment that confirmed (what we cannot name may hold an HTLC whose preimage is
 * revealed), the second stages, and the wallet coins that our claims depend on.
 */
function watches({ claims }: OnchainState, situation: Situation, { view }: OnchainContext): readonly WatchEffect[] {
  const script = fundingScript(view.local.basepoints.fundingPubkey, view.remote.basepoints.fundingPubkey)
  const watched: WatchEffect[] = [{ type: 'watch', outpoint: view.fundingOutpoint, script }]
  if (situation.type === 'commitment') {
    const { spend, commitment } = situation
    const known = new Map(commitment.outputs.map(output => [outPointKey(output.outpoint), output.kind]))
    for (const [vout, { script }] of spend.tx.outputs.entries()) {
      const outpoint = { txid: spend.txid, vout }
      const kind = known.get(outPointKey(outpoint))
      if (kind !== 'local_anchor' && kind !== 'remote_anchor') watched.push({ type: 'watch', outpoint, script })
    }
    for (const { kind, outpoint, script } of commitment.outputs) {
      if (kind === 'second_stage') watched.push({ type: 'watch', outpoint, script })
    }
  }
  const anchor = p2wshScript(anchorScript(view.local.basepoints.fundingPubkey))
  for (const { role, tx } of claims) {
    const outpoint = role === 'anchor' ? tx.inputs[0]?.outpoint : undefined
    if (outpoint !== undefined) watched.push({ type: 'watch', outpoint, script: anchor })
  }
  const coins = claims.flatMap(({ feeCoins }) => feeCoins)
  return [...watched, ...coins.map(({ outpoint, script }): WatchEffect => ({ type: 'watch', outpoint, script }))]
}
