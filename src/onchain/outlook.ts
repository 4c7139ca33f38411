import { type OutPoint, outPointKey, type Sat } from '../base/index.ts'
import { txid } from '../bitcoin/index.ts'
import { ANCHOR_SAT } from '../commitment/index.ts'
import type { ChannelOutput } from './outputs.ts'
import { spendersOf } from './plan.ts'
import { readSituation, type Situation } from './situation.ts'
import type { SpendPath } from './spendPath.ts'
import { pathsIn } from './spendPaths.ts'
import type { ChannelHtlc, ChannelView, Claim, ConfirmedTx, OnchainState, Party } from './types.ts'

// The outputs of a channel that ends, each with all that is known of it: for people, who want to see where their money is.

export interface OutputOutlook {
  readonly outpoint: OutPoint
  readonly amountSat: Sat
  /** `close`: of a mutual close. The others as on a commitment. */
  readonly kind: ChannelOutput['kind'] | 'funding' | 'close'
  /** Whose commitment it is on, or comes from. */
  readonly holder?: Party
  readonly htlc?: ChannelHtlc
  /** Of both sides, while no block spends it. */
  readonly ways: readonly SpendPath[]
  /** In a block. */
  readonly spentBy?: ConfirmedTx
  /** Ours, which waits for a block. */
  readonly claim?: Claim
}

/** Nothing while nobody wants the channel to end. Cost: as `spendPaths`, for both sides. */
export function outlook(view: ChannelView, { facts, claims }: OnchainState, height: number): readonly OutputOutlook[] {
  const situation = readSituation(view, facts)
  if (situation.type === 'open' && view.publish === 'nothing') return []
  const ways = (['local', 'remote'] as const).flatMap(party => pathsIn(situation, { view, facts, party, height }))
  const spenders = spendersOf(facts)
  return outputsIn(situation, view, claims).map(output => {
    const key = outPointKey(output.outpoint)
    const spentBy = spenders.get(key)
    const claim = claims.find(({ tx }) => tx.inputs.some(({ outpoint }) => outPointKey(outpoint) === key))
    return {
      ...output,
      ways: ways.filter(({ outpoint }) => outPointKey(outpoint) === key),
      ...(spentBy !== undefined && { spentBy }),
      ...(claim !== undefined && { claim }),
    }
  })
}

function outputsIn(
  situation: Situation,
  view: ChannelView,
  claims: readonly Claim[],
): readonly Pick<OutputOutlook, 'outpoint' | 'amountSat' | 'kind' | 'holder' | 'htlc'>[] {
  if (situation.type === 'open') {
    const funding = { outpoint: view.fundingOutpoint, amountSat: view.fundingAmountSat, kind: 'funding' } as const
    // While a child pays for our commitment, its anchor is what the child spends.
    const children = claims.flatMap(({ role, tx }) => (role === 'anchor' ? (tx.inputs[0] ?? []) : []))
    const anchors = children.map(
      ({ outpoint }) => ({ outpoint, amountSat: ANCHOR_SAT, kind: 'local_anchor', holder: 'local' }) as const,
    )
    return [funding, ...anchors]
  }
  if (situation.type === 'mutual_close') {
    const { tx } = situation.spend
    const id = txid(tx)
    return tx.outputs.map(({ amountSat }, vout) => ({ outpoint: { txid: id, vout }, amountSat, kind: 'close' }))
  }
  if (situation.type === 'unknown') return []
  const { outputs, holder } = situation.commitment
  return outputs.map(({ outpoint, amountSat, kind, ...rest }) => {
    const htlc = 'htlc' in rest ? rest.htlc : undefined
    return { outpoint, amountSat, kind, holder, ...(htlc !== undefined && { htlc }) }
  })
}
