import type { EngineState } from '../engine/index.ts'
import type { SpendPath } from '../onchain/index.ts'
import type { ExplainedSpend } from './explanation.ts'

/** One way of one side to spend one output, in a sentence. */
export function explainedSpend(path: SpendPath, state: EngineState): ExplainedSpend {
  const next = (state.blocks.at(-1)?.height ?? 0) + 1
  const waits = path.earliestHeight > next ? `, from block ${path.earliestHeight} on` : ''
  const needs =
    path.preimage !== undefined && path.preimage.known === undefined ? ', with a preimage that nobody has shown' : ''
  const unconfirmed = path.confirmed || path.on === 'funding' ? '' : ', once that has confirmed'
  return {
    sentence: `${WAYS[path.way]}${placeOf(path)}${waits}${needs}${unconfirmed}.`,
    amountSat: path.yieldSat,
    now: path.available && path.confirmed,
    afterHeight: path.earliestHeight > next ? path.earliestHeight : undefined,
  }
}

/** Both commitments exist at once, and only one of them will ever be on the chain: so it matters which one holds the output. */
function placeOf({ on, way }: SpendPath): string {
  if (way === 'commitment' || way === 'mutual_close' || way === 'mutual_close_output') return ''
  return ` (on ${PLACES[on]})`
}

const PLACES: Readonly<Record<SpendPath['on'], string>> = {
  local: 'our commitment',
  remote: "the peer's commitment",
  remote_next: "the peer's next commitment",
  revoked: 'a revoked commitment of the peer',
  future: "a commitment of the peer's that is newer than what we know",
  own_future: 'a commitment of ours that is newer than what we know',
  mutual_close: 'the closing transaction',
  funding: 'the funding transaction',
}

const WAYS: Readonly<Record<SpendPath['way'], string>> = {
  commitment: 'Publish the commitment transaction: the channel ends, with each balance as it stands',
  mutual_close: 'Publish the closing transaction that both have signed',
  mutual_close_output: 'The output of the closing transaction is in the wallet',
  to_local: 'Take the own balance after its delay',
  to_remote: 'Take the own balance',
  anchor: 'Spend the own anchor, to pay for the commitment',
  anchor_anyone: 'Sweep an anchor that anyone may take',
  htlc_preimage: 'Take an HTLC with its preimage',
  htlc_expired: 'Take back an HTLC that has expired',
  second_stage: 'Take the delayed output of an HTLC transaction',
  to_local_revoked: 'Take the whole balance of a cheater, by the revocation key',
  htlc_revoked: "Take an HTLC of a cheater's commitment, by the revocation key",
  second_stage_revoked: "Take the output of a cheater's HTLC transaction, by the revocation key",
  htlc_timeout: 'Publish the HTLC-timeout transaction: what was offered comes back',
  htlc_success: 'Publish the HTLC-success transaction: an HTLC is taken with its preimage',
}
