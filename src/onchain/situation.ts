import { bytesEqual, defined, outPointKey, type Txid } from '../base/index.ts'
import { p2wshScript, type Tx, txid } from '../bitcoin/index.ts'
import {
  buildCommitmentTx,
  type CommitmentKeys,
  type CommitmentTx,
  commitmentNumberOf,
  type DelayedScript,
  deriveCommitmentKeys,
  toLocalScript,
} from '../commitment/index.ts'
import { publicKeyFromSecret } from '../crypto/index.ts'
import { commitmentPoint, lookupSecret, secretIndex } from '../keys/index.ts'
import { builtOutputs, type ChannelOutput, htlcOutputs, recognisedOutputs, secondStageOutputs } from './outputs.ts'
import type { ChainFacts, ChannelView, CommitmentName, ConfirmedTx, Party, RemoteCommitView } from './types.ts'

/** Where the channel stands on the chain. Worked out from the facts in each step, so that a reorganisation needs nothing undone. */
export type Situation =
  /** The funding output is unspent: any of the `validCommitments` may still confirm. */
  | { readonly type: 'open' }
  | { readonly type: 'mutual_close'; readonly spend: ConfirmedTx }
  | { readonly type: 'commitment'; readonly commitment: CommitmentOnChain; readonly spend: ConfirmedTx }
  | { readonly type: 'unknown'; readonly spend: ConfirmedTx }

/** A commitment transaction, confirmed or not, with all that its spenders need. */
export interface CommitmentOnChain {
  readonly name: CommitmentName
  readonly holder: Party
  readonly number: number
  readonly txid: Txid
  readonly height: number | undefined
  /** Its outputs, and those of the confirmed second stages, spent or not. */
  readonly outputs: readonly ChannelOutput[]
  /** False as long as the archive has not told the HTLCs of a revoked commitment, and for ever where we lost data. */
  readonly htlcsKnown: boolean
  /** How its holder waits. Unknown after data loss. */
  readonly terms?: CommitmentTerms
  /** As the commitment room built it; absent where it was read off its scripts. */
  readonly built?: CommitmentTx
}

export interface CommitmentTerms {
  readonly keys: CommitmentKeys
  readonly point: Uint8Array
  readonly toSelfDelay: number
  /** Revealed: the commitment is revoked. */
  readonly perCommitmentSecret?: Uint8Array
}

// From block to block a channel stays as it is for days, and to read it takes building its commitment.
const known = new WeakMap<ChainFacts, { readonly view: ChannelView; readonly situation: Situation }>()

/** Cost: up to three commitments to build, the first time that it is asked of these facts and this view. */
export function readSituation(view: ChannelView, facts: ChainFacts): Situation {
  const last = known.get(facts)
  if (last?.view === view) return last.situation
  const situation = situationOf(view, facts)
  known.set(facts, { view, situation })
  return situation
}

function situationOf(view: ChannelView, facts: ChainFacts): Situation {
  const spend = facts.transactions.find(({ tx }) => spends(tx, view))
  if (spend === undefined) return { type: 'open' }
  if (view.mutualCloses.some(tx => txid(tx) === spend.txid)) return { type: 'mutual_close', spend }
  const number = commitmentNumberOf(spend.tx, view.obscuringFactor)
  if (number === undefined) return { type: isClose(spend.tx, view) ? 'mutual_close' : 'unknown', spend }
  const commitment = readCommitment(view, facts, { spend, number })
  return commitment === undefined ? { type: 'unknown', spend } : { type: 'commitment', commitment, spend }
}

function spends(tx: Tx, view: ChannelView): boolean {
  const funding = outPointKey(view.fundingOutpoint)
  return tx.inputs.some(input => outPointKey(input.outpoint) === funding)
}

/** A mutual close whose last signature never reached us: we signed it, so it pays what both sides named. */
function paysClosingScripts(tx: Tx, { closingScripts }: ChannelView): boolean {
  const named = [...closingScripts.local, ...closingScripts.remote]
  return tx.outputs.every(output => named.some(script => bytesEqual(script, output.script)))
}

/**
 * With an old copy the scripts may have been named since. Then whatever is no commitment counts as a close: any spend has our
 * signature, and we sign nothing else.
 */
function isClose(tx: Tx, view: ChannelView): boolean {
  return view.isOldCopy || paysClosingScripts(tx, view)
}

/**
 * The commitments that may be published as things stand: never ours out of an old copy, which may be revoked by now. Cost: up to three
 * commitments to build, so they are asked for where they are needed: most blocks find every channel open and nothing to publish.
 */
export function validCommitments(view: ChannelView): readonly CommitmentOnChain[] {
  const valid = namedCommitments(view).filter(({ name }) => name !== 'local' || !view.isOldCopy)
  return valid.map(({ name, input, point }) => {
    const built = buildCommitmentTx(input)
    return builtCommitment({ name, built, point }, { height: undefined, transactions: [] })
  })
}

function namedCommitments(view: ChannelView): readonly (RemoteCommitView & { readonly name: CommitmentName })[] {
  const next = view.remoteNext === undefined ? [] : [{ name: 'remote_next' as const, ...view.remoteNext }]
  return [{ name: 'local', ...view.localCommit }, { name: 'remote', ...view.remoteCommit }, ...next]
}

function readCommitment(
  view: ChannelView,
  facts: ChainFacts,
  { spend, number }: { readonly spend: ConfirmedTx; readonly number: number },
): CommitmentOnChain | undefined {
  for (const { name, input, point } of namedCommitments(view)) {
    if (input.commitmentNumber !== number) continue
    const built = buildCommitmentTx(input)
    if (built.txid !== spend.txid) continue
    return builtCommitment({ name, built, point }, { height: spend.height, transactions: facts.transactions })
  }
  const own = ownFutureCommitment(view, facts, { spend, number })
  if (own !== undefined) return own
  if (number < view.remoteCommit.input.commitmentNumber) return revokedCommitment(view, facts, { spend, number })
  // Newer than all we know, or another one with a number that we know: we have forgotten what we signed.
  const outputs = recognisedOutputs(spend, { view, keys: undefined, delayed: undefined, htlcs: [] })
  const { txid, height } = spend
  return { name: 'future', holder: 'remote', number, txid, height, outputs, htlcsKnown: false }
}

function builtCommitment(
  { name, built, point }: { readonly name: CommitmentName; readonly built: CommitmentTx; readonly point: Uint8Array },
  chain: { readonly height: number | undefined; readonly transactions: readonly ConfirmedTx[] },
): CommitmentOnChain {
  const { input, txid, delayed } = built
  const holder: Party = name === 'local' ? 'local' : 'remote'
  const first = builtOutputs(txid, built.outputs, { holder, height: chain.height })
  return {
    name,
    holder,
    number: input.commitmentNumber,
    txid,
    height: chain.height,
    outputs: [...first, ...secondStageOutputs(htlcOutputs(first), chain.transactions, delayed)],
    htlcsKnown: true,
    terms: { keys: input.keys, point, toSelfDelay: input.toSelfDelay },
    built,
  }
}

/** `undefined` where it turns out to be none of the peer's: then it is an old one of ours, which we never publish. */
function revokedCommitment(
  view: ChannelView,
  facts: ChainFacts,
  { spend, number }: { readonly spend: ConfirmedTx; readonly number: number },
): CommitmentOnChain | undefined {
  const secret = defined(
    lookupSecret(view.remoteSecrets, secretIndex(number)),
    `the secret of commitment ${number}, which the peer has revoked, is stored`,
  )
  const point = publicKeyFromSecret(secret)
  const { local, remote } = view
  const keys = deriveCommitmentKeys({
    holder: remote.basepoints,
    counterparty: local.basepoints,
    perCommitmentPoint: point,
  })
  const delayed = delayedScriptOf(keys, local.toSelfDelay)
  const archived = facts.revoked?.commitmentNumber === number ? facts.revoked.htlcs : undefined
  const first = recognisedOutputs(spend, { view, keys, delayed, htlcs: archived ?? [] })
  // Anchors are on our old commitments as well: they prove nothing.
  const isPeers = first.some(({ kind }) => kind === 'to_local' || kind === 'to_remote' || kind === 'htlc')
  if (!isPeers && archived !== undefined) return undefined
  return {
    name: 'revoked',
    holder: 'remote',
    number,
    txid: spend.txid,
    height: spend.height,
    outputs: [...first, ...secondStageOutputs(htlcOutputs(first), facts.transactions, delayed)],
    htlcsKnown: archived !== undefined,
    terms: { keys, point, toSelfDelay: local.toSelfDelay, perCommitmentSecret: secret },
  }
}

/**
 * One of ours that is newer than our copy: we published it, and then lost what we knew of it. Known by our main output, whose script
 * follows from the seed and the number. Its HTLCs are lost, but for what their transactions have brought to us already.
 */
function ownFutureCommitment(
  view: ChannelView,
  facts: ChainFacts,
  { spend, number }: { readonly spend: ConfirmedTx; readonly number: number },
): CommitmentOnChain | undefined {
  const { local, remote, localCommit } = view
  if (number <= localCommit.input.commitmentNumber) return undefined
  const point = commitmentPoint(view, number)
  const keys = deriveCommitmentKeys({
    holder: local.basepoints,
    counterparty: remote.basepoints,
    perCommitmentPoint: point,
  })
  const delayed = delayedScriptOf(keys, remote.toSelfDelay)
  const { txid, height, tx } = spend
  const vout = tx.outputs.findIndex(output => bytesEqual(output.script, delayed.script))
  const main = tx.outputs[vout]
  if (main === undefined) return undefined
  const first: ChannelOutput = { kind: 'to_local', outpoint: { txid, vout }, ...main, height, ...delayed }
  const others = tx.outputs.map((_, index) => ({ txid, vout: index })).filter(outpoint => outpoint.vout !== vout)
  return {
    name: 'own_future',
    holder: 'local',
    number,
    txid,
    height,
    outputs: [
      first,
      ...secondStageOutputs(
        others.map(outpoint => ({ outpoint })),
        facts.transactions,
        delayed,
      ),
    ],
    htlcsKnown: false,
    terms: { keys, point, toSelfDelay: remote.toSelfDelay },
  }
}

function delayedScriptOf(keys: CommitmentKeys, toSelfDelay: number): DelayedScript {
  const witnessScript = toLocalScript(keys, toSelfDelay)
  return { witnessScript, script: p2wshScript(witnessScript) }
}
