import { bytesEqual, msatToSat, type OutPoint, outPointKey, type Sat, type Txid } from '../base/index.ts'
import { p2wpkhScript, p2wshScript, type Tx } from '../bitcoin/index.ts'
import {
  anchorScript,
  type CommitmentKeys,
  type CommitmentOutput,
  type DelayedScript,
  type HtlcOutput,
  offeredHtlcScript,
  receivedHtlcScript,
  toRemoteAnchorScript,
} from '../commitment/index.ts'
import type { ChannelHtlc, ChannelView, ConfirmedTx, Party } from './types.ts'

// The outputs of a commitment and of the second stages that spend it, each with what it is.

interface OutputBase {
  readonly outpoint: OutPoint
  readonly amountSat: Sat
  readonly script: Uint8Array
  /** Of the block that holds it; `undefined` for a commitment that has not confirmed. */
  readonly height: number | undefined
}

interface WitnessOutput extends OutputBase {
  readonly witnessScript: Uint8Array
}

/** As the holder of the commitment names them: `to_local` is the holder's, `to_remote` the counterparty's. */
export type ChannelOutput =
  | (WitnessOutput & { readonly kind: 'to_local' })
  | (WitnessOutput & { readonly kind: 'local_anchor' | 'remote_anchor' })
  | (OutputBase & { readonly kind: 'to_remote'; readonly witnessScript: Uint8Array | undefined })
  /** `placed`: as the commitment room built it, unless the commitment was read off its scripts. */
  | (WitnessOutput & { readonly kind: 'htlc'; readonly htlc: ChannelHtlc; readonly placed?: HtlcOutput })
  /** What an HTLC transaction pays to; `htlc` unless it was added beside one. */
  | (WitnessOutput & { readonly kind: 'second_stage'; readonly htlc: ChannelHtlc | undefined })

/** The outputs of a commitment that we can build. */
export function builtOutputs(
  txid: Txid,
  outputs: readonly CommitmentOutput[],
  at: { readonly holder: Party; readonly height: number | undefined },
): readonly ChannelOutput[] {
  return outputs.map((output): ChannelOutput => {
    const { amountSat, script } = output
    const base = { outpoint: { txid, vout: output.vout }, amountSat, script, height: at.height }
    if (output.type === 'to_remote') return { ...base, kind: 'to_remote', witnessScript: output.witnessScript }
    const witnessScript = output.witnessScript
    if (output.type !== 'htlc') return { ...base, kind: output.type, witnessScript }
    return { ...base, kind: 'htlc', witnessScript, htlc: channelHtlc(output, at.holder), placed: output }
  })
}

function channelHtlc({ htlc }: HtlcOutput, holder: Party): ChannelHtlc {
  const { id, amountMsat, paymentHash, cltvExpiry } = htlc
  return { offeredBy: offererOf(htlc.direction, holder), id, amountMsat, paymentHash, cltvExpiry }
}

/** Who offered an HTLC that stands on `holder`'s commitment in this direction. */
export function offererOf(direction: 'offered' | 'received', holder: Party): Party {
  return (direction === 'offered') === (holder === 'local') ? 'local' : 'remote'
}

/** A script that an output of the peer's commitment may have. */
interface KnownScript {
  readonly script: Uint8Array
  /** Only outputs of this amount: two HTLCs may have one script. */
  readonly amountSat?: Sat
  readonly describe: (base: OutputBase) => ChannelOutput
}

/**
 * The outputs of a commitment of the peer whose balances we have not kept: recognised by their scripts. Each HTLC takes one
 * output, so that two of them with equal scripts and amounts share none.
 */
export function recognisedOutputs(
  tx: ConfirmedTx,
  known: {
    readonly view: ChannelView
    /** Without them (data loss) only our main output can be told. */
    readonly keys: CommitmentKeys | undefined
    readonly delayed: DelayedScript | undefined
    readonly htlcs: readonly ChannelHtlc[]
  },
): readonly ChannelOutput[] {
  const open = scriptsOnPeersCommitment(known)
  const outputs: ChannelOutput[] = []
  for (const [vout, { amountSat, script }] of tx.tx.outputs.entries()) {
    const index = open.findIndex(
      each => bytesEqual(each.script, script) && (each.amountSat === undefined || each.amountSat === amountSat),
    )
    const [match] = index < 0 ? [] : open.splice(index, 1)
    if (match === undefined) continue
    outputs.push(match.describe({ outpoint: { txid: tx.txid, vout }, amountSat, script, height: tx.height }))
  }
  return outputs
}

function scriptsOnPeersCommitment(known: {
  readonly view: ChannelView
  readonly keys: CommitmentKeys | undefined
  readonly delayed: DelayedScript | undefined
  readonly htlcs: readonly ChannelHtlc[]
}): KnownScript[] {
  const { view, keys, delayed } = known
  const { format, local, remote } = view
  const scripts: KnownScript[] = [toRemoteScript(view)]
  if (format === 'anchors_zero_fee_htlc') {
    for (const [kind, pubkey] of [
      ['local_anchor', remote.basepoints.fundingPubkey],
      ['remote_anchor', local.basepoints.fundingPubkey],
    ] as const) {
      const witnessScript = anchorScript(pubkey)
      scripts.push({ script: p2wshScript(witnessScript), describe: base => ({ ...base, kind, witnessScript }) })
    }
  }
  if (keys === undefined || delayed === undefined) return scripts
  const { witnessScript } = delayed
  scripts.push({ script: delayed.script, describe: base => ({ ...base, kind: 'to_local', witnessScript }) })
  for (const htlc of known.htlcs) {
    const witnessScript =
      htlc.offeredBy === 'remote'
        ? offeredHtlcScript(format, keys, htlc.paymentHash)
        : receivedHtlcScript(format, keys, htlc)
    scripts.push({
      script: p2wshScript(witnessScript),
      amountSat: msatToSat(htlc.amountMsat),
      describe: base => ({ ...base, kind: 'htlc', witnessScript, htlc }),
    })
  }
  return scripts
}

/** Our main output on any commitment of the peer: its key is our basepoint as it stands. */
function toRemoteScript({ format, local }: ChannelView): KnownScript {
  const pubkey = local.basepoints.paymentBasepoint
  const witnessScript = format === 'anchors_zero_fee_htlc' ? toRemoteAnchorScript(pubkey) : undefined
  const script = witnessScript === undefined ? p2wpkhScript(pubkey) : p2wshScript(witnessScript)
  return { script, describe: base => ({ ...base, kind: 'to_remote', witnessScript }) }
}

/** Where the HTLCs of a commitment stand. */
export function htlcOutputs(outputs: readonly ChannelOutput[]): readonly HtlcPlace[] {
  return outputs.flatMap(output => (output.kind === 'htlc' ? [{ outpoint: output.outpoint, htlc: output.htlc }] : []))
}

/** An output that holds an HTLC, or may hold one that we have forgotten. */
export interface HtlcPlace {
  readonly outpoint: OutPoint
  readonly htlc?: ChannelHtlc
}

/**
 * What confirmed HTLC transactions pay to, wherever it stands in them: with anchors the one who publishes may join several
 * of them in one transaction and add outputs (BOLT 3, HTLC-timeout and HTLC-success).
 */
export function secondStageOutputs(
  htlcs: readonly HtlcPlace[],
  transactions: readonly ConfirmedTx[],
  delayed: DelayedScript,
): readonly ChannelOutput[] {
  const byOutpoint = new Map(htlcs.map(({ outpoint, htlc }) => [outPointKey(outpoint), htlc]))
  const found: ChannelOutput[] = []
  for (const { tx, txid, height } of transactions) {
    if (!tx.inputs.some(input => byOutpoint.has(outPointKey(input.outpoint)))) continue
    for (const [vout, { amountSat, script }] of tx.outputs.entries()) {
      if (!bytesEqual(script, delayed.script)) continue
      const { witnessScript } = delayed
      const htlc = htlcOfInput(tx, vout, byOutpoint)
      found.push({ kind: 'second_stage', outpoint: { txid, vout }, amountSat, script, witnessScript, height, htlc })
    }
  }
  return found
}

/** An HTLC transaction is signed with SIGHASH_SINGLE, so that its input and its output stand at the same place. */
function htlcOfInput(
  tx: Tx,
  index: number,
  byOutpoint: ReadonlyMap<string, ChannelHtlc | undefined>,
): ChannelHtlc | undefined {
  const input = tx.inputs[index]
  return input && byOutpoint.get(outPointKey(input.outpoint))
}
