import { add, bytesEqual, type OutPoint, outPointKey, type PaymentHash, sat, unreachable } from '../base/index.ts'
import { txid } from '../bitcoin/index.ts'
import { buildHtlcTx, fundingScript } from '../commitment/index.ts'
import { TAKE_BACK_BLOCKS } from './limits.ts'
import type { ChannelOutput } from './outputs.ts'
import {
  type CommitmentOnChain,
  type CommitmentTerms,
  readSituation,
  type Situation,
  validCommitments,
} from './situation.ts'
import type { DirectPath, HtlcTxPath, SpendKey, SpendPath, TransactionPath } from './spendPath.ts'
import type { ChainFacts, ChannelHtlc, ChannelView, Party } from './types.ts'

/** Anyone may take an anchor after as many blocks (BOLT 3, to_local_anchor and to_remote_anchor). */
const ANCHOR_CSV = 16
/** No relative lock, a locktime that counts, and replaceable by a higher fee (BIP 68, BIP 125). */
export const REPLACEABLE_SEQUENCE = 0xfffffffd

/**
 * Every way in which `party` may spend an output of this channel, when the chain is `height` blocks long: of what has confirmed
 * and is unspent or, while the funding output is unspent, what each transaction that may still be published would give.
 * Cost: one commitment to build (three while nothing has confirmed), two hashes for each output.
 */
export function spendPaths(view: ChannelView, facts: ChainFacts, party: Party, height: number): readonly SpendPath[] {
  return pathsIn(readSituation(view, facts), { view, facts, party, height })
}

export interface PathQuestion {
  readonly view: ChannelView
  readonly facts: ChainFacts
  readonly party: Party
  readonly height: number
}

/** `spendPaths` for a situation that has been read already. */
export function pathsIn(situation: Situation, question: PathQuestion): readonly SpendPath[] {
  switch (situation.type) {
    case 'open': {
      const commitments = validCommitments(question.view)
      return [
        ...fundingPaths(commitments, question),
        ...commitments.flatMap(commitment => commitmentPaths(commitment, question)),
      ]
    }
    case 'mutual_close':
      return closingOutputPaths(situation.spend, question)
    case 'commitment': {
      const spent = spentOutpoints(question.facts)
      return commitmentPaths(situation.commitment, question).filter(path => !spent.has(outPointKey(path.outpoint)))
    }
    case 'unknown':
      return []
    default:
      return unreachable(situation)
  }
}

/** The outpoints that confirmed transactions spend, as keys. */
function spentOutpoints({ transactions }: ChainFacts): ReadonlySet<string> {
  return new Set(transactions.flatMap(({ tx }) => tx.inputs.map(input => outPointKey(input.outpoint))))
}

function fundingPaths(
  commitments: readonly CommitmentOnChain[],
  { view, party, height }: PathQuestion,
): readonly TransactionPath[] {
  const base = {
    party,
    outpoint: view.fundingOutpoint,
    amountSat: view.fundingAmountSat,
    script: fundingScript(view.local.basepoints.fundingPubkey, view.remote.basepoints.fundingPubkey),
    on: 'funding',
    confirmed: true,
    earliestHeight: height + 1,
    available: true,
  } as const
  const paths: TransactionPath[] = []
  for (const { holder, built } of commitments) {
    if (holder !== party || built === undefined) continue
    const main = built.outputs.find(({ type }) => type === 'to_local')?.amountSat ?? sat(0)
    paths.push({ ...base, way: 'commitment', role: 'commitment', tx: built.tx, yieldSat: main })
  }
  for (const tx of view.mutualCloses) {
    const own = tx.outputs.filter(({ script }) => isNamed(view.closingScripts[party], script))
    const yieldSat = add(sat(0), ...own.map(output => output.amountSat))
    paths.push({ ...base, way: 'mutual_close', role: 'mutual-close', tx, yieldSat })
  }
  return paths
}

/** The outputs of a mutual close are the wallets' own affair: nothing has to be done for them. */
function closingOutputPaths(
  { tx, height: confirmedAt }: Extract<Situation, { type: 'mutual_close' }>['spend'],
  { view, party }: PathQuestion,
): readonly TransactionPath[] {
  return tx.outputs.flatMap(({ amountSat, script }, vout): TransactionPath[] => {
    if (!isNamed(view.closingScripts[party], script)) return []
    const outpoint: OutPoint = { txid: txid(tx), vout }
    const common = { party, outpoint, amountSat, script, confirmed: true, available: true, yieldSat: amountSat }
    const way = { on: 'mutual_close', way: 'mutual_close_output', role: 'mutual-close' } as const
    return [{ ...common, ...way, earliestHeight: confirmedAt, tx }]
  })
}

function isNamed(scripts: readonly Uint8Array[], script: Uint8Array): boolean {
  return scripts.some(named => bytesEqual(named, script))
}

// ---------------------------------------------------------------------------------------------------------------------
// The outputs of one commitment.

/** What all paths of one commitment are made with. */
interface Table {
  readonly commitment: CommitmentOnChain
  readonly question: PathQuestion
}

function commitmentPaths(commitment: CommitmentOnChain, question: PathQuestion): readonly SpendPath[] {
  const table: Table = { commitment, question }
  const isHolder = commitment.holder === question.party
  return commitment.outputs.flatMap((output): readonly SpendPath[] => {
    switch (output.kind) {
      case 'to_local':
      case 'second_stage':
        return delayedOutputPaths(table, output, isHolder)
      case 'to_remote':
        return isHolder ? [] : [toRemotePath(table, output)]
      case 'local_anchor':
        return [anchorPath(table, output, isHolder)]
      case 'remote_anchor':
        return [anchorPath(table, output, !isHolder)]
      case 'htlc':
        return htlcPaths(table, output, isHolder)
      default:
        return unreachable(output)
    }
  })
}

/** `to_local` and second stages: their holder waits, and the counterparty may punish at once. */
function delayedOutputPaths(
  table: Table,
  output: Extract<ChannelOutput, { kind: 'to_local' | 'second_stage' }>,
  isHolder: boolean,
): readonly SpendPath[] {
  const { terms } = table.commitment
  if (terms === undefined) return []
  if (isHolder) {
    const key = { type: 'delayed', point: terms.point } as const
    const pubkey = terms.keys.holderDelayedPubkey
    return [direct(table, output, { way: output.kind, key, pubkey, csv: terms.toSelfDelay })]
  }
  return penaltyPaths(table, output, `${output.kind}_revoked`)
}

function penaltyPaths(
  table: Table,
  output: ChannelOutput,
  way: 'to_local_revoked' | 'second_stage_revoked' | 'htlc_revoked',
): readonly DirectPath[] {
  const { terms } = table.commitment
  if (terms?.perCommitmentSecret === undefined) return []
  const key = { type: 'revocation', perCommitmentSecret: terms.perCommitmentSecret } as const
  // An HTLC that the cheater takes by its second stage can be punished there.
  const isDelayed = output.kind === 'to_local' || output.kind === 'second_stage'
  const deadline = isDelayed && output.height !== undefined ? { deadline: output.height + terms.toSelfDelay } : {}
  return [{ ...direct(table, output, { way, key, pubkey: terms.keys.revocationPubkey }), ...deadline }]
}

function toRemotePath(table: Table, output: Extract<ChannelOutput, { kind: 'to_remote' }>): DirectPath {
  const { view, party } = table.question
  const pubkey = view[party].basepoints.paymentBasepoint
  return direct(table, output, { way: 'to_remote', key: { type: 'payment' }, pubkey, csv: anchorsCsv(table) })
}

function anchorPath(table: Table, output: ChannelOutput, isOwn: boolean): DirectPath {
  if (!isOwn) return direct(table, output, { way: 'anchor_anyone', key: { type: 'anyone' }, csv: ANCHOR_CSV })
  const { view, party } = table.question
  return direct(table, output, {
    way: 'anchor',
    key: { type: 'funding' },
    pubkey: view[party].basepoints.fundingPubkey,
  })
}

function htlcPaths(
  table: Table,
  output: Extract<ChannelOutput, { kind: 'htlc' }>,
  isHolder: boolean,
): readonly SpendPath[] {
  const { terms } = table.commitment
  if (terms === undefined) return []
  if (isHolder) return [htlcTxPath(table, output, terms)]
  const { htlc } = output
  const key = { type: 'htlc', point: terms.point } as const
  const pubkey = terms.keys.counterpartyHtlcPubkey
  const csv = anchorsCsv(table)
  const own =
    htlc.offeredBy === table.question.party
      ? direct(table, output, { way: 'htlc_expired', key, pubkey, csv, cltv: htlc.cltvExpiry })
      : direct(table, output, { way: 'htlc_preimage', key, pubkey, csv })
  return [...penaltyPaths(table, output, 'htlc_revoked'), own]
}

/** With anchors everything but a penalty waits for one block (BOLT 3, HTLC outputs and to_remote). */
function anchorsCsv({ question }: Table): number {
  return question.view.format === 'anchors_zero_fee_htlc' ? 1 : 0
}

function htlcTxPath(
  table: Table,
  output: Extract<ChannelOutput, { kind: 'htlc' }>,
  terms: CommitmentTerms,
): HtlcTxPath {
  const { commitment, question } = table
  const { htlc, placed } = output
  const isTimeout = htlc.offeredBy === question.party
  const htlcTx = commitment.built && placed && buildHtlcTx(commitment.built, placed)
  const index = commitment.name === 'local' && placed ? (commitment.built?.htlcs.indexOf(placed) ?? -1) : -1
  const counterpartySignature = question.view.localCommit.htlcSignatures[index]
  const { way, role } = isTimeout
    ? ({ way: 'htlc_timeout', role: 'htlc-timeout' } as const)
    : ({ way: 'htlc_success', role: 'htlc-success' } as const)
  const key: SpendKey = { type: 'htlc', point: terms.point }
  return {
    ...pathBase(table, output, { way, csv: anchorsCsv(table), cltv: isTimeout ? htlc.cltvExpiry : 0 }),
    way,
    role,
    key,
    pubkey: terms.keys.holderHtlcPubkey,
    htlc,
    yieldSat: htlcTx?.tx.outputs[0]?.amountSat ?? output.amountSat,
    ...(htlcTx && { htlcTx }),
    ...(counterpartySignature && { counterpartySignature }),
  }
}

interface Lock {
  readonly csv?: number
  readonly cltv?: number
}

function direct(
  table: Table,
  output: ChannelOutput,
  path: Pick<DirectPath, 'way' | 'key' | 'pubkey'> & Lock,
): DirectPath {
  const { way, key, pubkey, csv = 0, cltv = 0 } = path
  return {
    ...pathBase(table, output, path),
    way,
    role: key.type === 'revocation' ? 'penalty' : 'claim',
    key,
    ...(pubkey && { pubkey }),
    ...(output.witnessScript && { witnessScript: output.witnessScript }),
    sequence: csv > 0 ? csv : REPLACEABLE_SEQUENCE,
    locktime: cltv,
  }
}

/** What all ways have in common. A locktime of `n` lets a transaction into block `n + 1`. */
function pathBase(table: Table, output: ChannelOutput, { way, csv = 0, cltv = 0 }: { way: string } & Lock) {
  const { commitment, question } = table
  const { party, height } = question
  const { outpoint, amountSat, script } = output
  const parent = output.height ?? height + 1
  const earliestHeight = Math.max(parent + csv, cltv === 0 ? 0 : cltv + 1)
  const htlc = 'htlc' in output ? output.htlc : undefined
  const needsPreimage = way === 'htlc_preimage' || way === 'htlc_success'
  const preimage = htlc && needsPreimage ? preimageOf(htlc.paymentHash, question) : undefined
  const isMissing = preimage !== undefined && preimage.known === undefined
  const deadline = htlc && way.startsWith('htlc') && way !== 'htlc_revoked' ? htlcDeadline(htlc, party) : undefined
  return {
    party,
    outpoint,
    amountSat,
    script,
    on: commitment.name,
    confirmed: output.height !== undefined,
    earliestHeight,
    available: earliestHeight <= height + 1 && !isMissing,
    yieldSat: amountSat,
    ...(htlc && { htlc }),
    ...(preimage && { preimage }),
    ...(deadline !== undefined && { deadline }),
  }
}

/** What we were offered goes back from its expiry on; what we offered has to be back before those upstream lose patience. */
function htlcDeadline({ cltvExpiry, offeredBy }: ChannelHtlc, party: Party): number {
  return offeredBy === party ? cltvExpiry + 1 + TAKE_BACK_BLOCKS : cltvExpiry + 1
}

function preimageOf(paymentHash: PaymentHash, { view, facts }: PathQuestion): NonNullable<SpendPath['preimage']> {
  const known = view.preimages.get(paymentHash) ?? facts.preimages.get(paymentHash)
  return { paymentHash, ...(known && { known }) }
}
