import { add, msatToSat, type Sat, sat, subtract, subtractOrZero } from '../base/index.ts'
import { compareOutputs, p2wpkhScript, p2wshScript, type Tx, txid } from '../bitcoin/index.ts'
import { ANCHOR_SAT, anchorsCostSat, commitmentFeeSat, trimLimitMsat } from './fees.ts'
import { obscuredNumber } from './number.ts'
import { anchorScript, htlcScripts, toLocalScript, toRemoteAnchorScript } from './scripts.ts'
import type {
  AnchorOutput,
  CommitmentHtlc,
  CommitmentInput,
  CommitmentOutput,
  CommitmentTx,
  DelayedScript,
  HtlcOutput,
} from './types.ts'

/** An output before its place in the transaction is known. */
type Unplaced = CommitmentOutput extends infer O ? (O extends CommitmentOutput ? Omit<O, 'vout'> : never) : never

/**
 * The commitment transaction of one side (BOLT 3, commitment transaction construction). Where the opener cannot pay the whole
 * fee, its output is left out and the fee is what it had: whether that is allowed is for BOLT 2 to say. The caller has made
 * sure that the balances and HTLCs add up to no more than the capacity, and that the opener can pay for the anchors.
 */
export function buildCommitmentTx(input: CommitmentInput): CommitmentTx {
  const kept: CommitmentHtlc[] = []
  const trimmedHtlcs: CommitmentHtlc[] = []
  const limits = { offered: trimLimitMsat('offered', input), received: trimLimitMsat('received', input) }
  for (const htlc of input.htlcs) (htlc.amountMsat < limits[htlc.direction] ? trimmedHtlcs : kept).push(htlc)
  const delayedScript = toLocalScript(input.keys, input.toSelfDelay)
  const delayed = { witnessScript: delayedScript, script: p2wshScript(delayedScript) }
  const outputs = [...balanceOutputs(input, kept.length, delayed), ...htlcOutputs(input, kept)]
    .sort(compareCommitmentOutputs)
    .map((output, vout): CommitmentOutput => ({ ...output, vout }))
  const { locktime, sequence } = obscuredNumber(input.commitmentNumber, input.obscuringFactor)
  const tx: Tx = {
    version: 2,
    inputs: [{ outpoint: input.fundingOutpoint, scriptSig: new Uint8Array(0), sequence, witness: [] }],
    outputs: outputs.map(({ amountSat, script }) => ({ amountSat, script })),
    locktime,
  }
  const paid = outputs.reduce<Sat>((sum, output) => add(sum, output.amountSat), sat(0))
  return {
    input,
    tx,
    txid: txid(tx),
    outputs,
    htlcs: outputs.filter(output => output.type === 'htlc'),
    trimmedHtlcs,
    feeSat: subtract(input.fundingAmountSat, paid),
    delayed,
  }
}

/** What each side gets outside HTLCs, and the anchors, which depend on it. */
function balanceOutputs(input: CommitmentInput, htlcCount: number, delayed: DelayedScript): Unplaced[] {
  const { format, keys, dustLimitSat, holderIsOpener } = input
  const cost = add(commitmentFeeSat(format, input.feeratePerKw, htlcCount), anchorsCostSat(format))
  const toHolder = msatToSat(input.toHolderMsat)
  const toCounterparty = msatToSat(input.toCounterpartyMsat)
  const toLocalSat = holderIsOpener ? subtractOrZero(toHolder, cost) : toHolder
  const toRemoteSat = holderIsOpener ? toCounterparty : subtractOrZero(toCounterparty, cost)
  const hasToLocal = toLocalSat >= dustLimitSat
  const hasToRemote = toRemoteSat >= dustLimitSat
  const outputs: Unplaced[] = []
  if (hasToLocal) outputs.push({ type: 'to_local', amountSat: toLocalSat, ...delayed })
  if (hasToRemote) outputs.push(toRemoteOutput(input, toRemoteSat))
  if (format === 'anchors_zero_fee_htlc') {
    if (hasToLocal || htlcCount > 0) outputs.push(anchorOutput('local_anchor', keys.holderFundingPubkey))
    if (hasToRemote || htlcCount > 0) outputs.push(anchorOutput('remote_anchor', keys.counterpartyFundingPubkey))
  }
  return outputs
}

function toRemoteOutput({ format, keys }: CommitmentInput, amountSat: Sat): Unplaced {
  if (format === 'static_remotekey') {
    const script = p2wpkhScript(keys.counterpartyPaymentPubkey)
    return { type: 'to_remote', amountSat, script, witnessScript: undefined }
  }
  const witnessScript = toRemoteAnchorScript(keys.counterpartyPaymentPubkey)
  return { type: 'to_remote', amountSat, script: p2wshScript(witnessScript), witnessScript }
}

function anchorOutput(type: AnchorOutput['type'], fundingPubkey: Uint8Array): Unplaced {
  const witnessScript = anchorScript(fundingPubkey)
  return { type, amountSat: ANCHOR_SAT, script: p2wshScript(witnessScript), witnessScript }
}

function htlcOutputs(input: CommitmentInput, kept: readonly CommitmentHtlc[]): Omit<HtlcOutput, 'vout'>[] {
  if (kept.length === 0) return []
  const scripts = htlcScripts(input.format, input.keys)
  return kept.map(htlc => {
    const { direction, paymentHash, cltvExpiry } = htlc
    const witnessScript =
      direction === 'offered' ? scripts.offered(paymentHash) : scripts.received(paymentHash, cltvExpiry)
    return {
      type: 'htlc',
      amountSat: msatToSat(htlc.amountMsat),
      script: p2wshScript(witnessScript),
      witnessScript,
      htlc,
    }
  })
}

/**
 * BIP 69, then `cltv_expiry` (BOLT 3, transaction output ordering): two offered HTLCs of one hash and amount have equal outputs
 * but different second stages. Where even the expiry is equal, so are those, and the id only makes the order the same each time.
 */
function compareCommitmentOutputs(a: Unplaced, b: Unplaced): number {
  const order = compareOutputs(a, b)
  if (order !== 0 || a.type !== 'htlc' || b.type !== 'htlc') return order
  return a.htlc.cltvExpiry - b.htlc.cltvExpiry || a.htlc.id - b.htlc.id
}
