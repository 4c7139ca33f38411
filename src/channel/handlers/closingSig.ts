import { bytesEqual, toHex } from '../../base/index.ts'
import type { ClosingSig } from '../../wire/index.ts'
import { completeClosing, isSignedByPeer, withClosingSession } from '../closing.ts'
import { closeConnection, done, type Facts, type Outcome } from '../outcome.ts'
import type { ChannelContext, ClosingProposal, FundedChannel } from '../types.ts'
import { invalidSignature, proposalFields, proposedTx, SIGNATURE_FIELD, signedVariants } from './closingComplete.ts'

const SECTION = 'BOLT 2, closing_sig, receiver'

/** closing_sig, received: the peer signed one form of what we offered. Published; another offer may follow. */
export function closingSig(channel: FundedChannel, message: ClosingSig, context: ChannelContext): Outcome {
  const { durable, session, state } = channel
  const pending = session.closing?.type === 'simple' ? session.closing.pending : undefined
  if (state !== 'negotiating' || pending === undefined) {
    return closeConnection({
      code: 'unexpected_closing_sig',
      expected: 'closing_sig only in answer to a closing_complete on this connection',
      got: `one in state ${state} that nothing asked for`,
      section: SECTION,
    })
  }
  const complaint = mismatch(pending, message)
  if (complaint !== undefined) return closeConnection(complaint)
  const [variant, ...others] = signedVariants(message)
  const theirs = variant && message[SIGNATURE_FIELD[variant]]
  if (variant === undefined || theirs === undefined || others.length > 0) {
    return closeConnection({
      code: 'closing_signature_count',
      expected: 'exactly one signature',
      got: `${signedVariants(message).length}`,
      section: SECTION,
    })
  }
  if (!pending.variants.includes(variant)) {
    return closeConnection({
      code: 'closing_variant_not_offered',
      expected: `a signature for one of ${pending.variants.join(', ')}`,
      got: variant,
      section: SECTION,
    })
  }
  const closing = proposedTx(durable, pending, variant)
  if (!isSignedByPeer(durable, closing, theirs)) return closeConnection(invalidSignature(variant, closing, SECTION))
  const { next, effects } = completeClosing(channel, closing, theirs, context)
  return done(withClosingSession(next, { type: 'simple' }), effects)
}

/** What differs from our `closing_complete`: then the signature is for something else. */
function mismatch(pending: ClosingProposal, message: ClosingSig): Facts | undefined {
  const offered = proposalFields(pending)
  const facts = (field: string, expected: string, got: string): Facts => ({
    code: 'closing_sig_mismatch',
    expected: `${field} ${expected}, as in our closing_complete`,
    got,
    section: SECTION,
  })
  for (const field of ['closerScriptpubkey', 'closeeScriptpubkey'] as const) {
    if (!bytesEqual(offered[field], message[field])) return facts(field, toHex(offered[field]), toHex(message[field]))
  }
  for (const field of ['feeSatoshis', 'locktime'] as const) {
    if (offered[field] !== message[field]) return facts(field, `${offered[field]}`, `${message[field]}`)
  }
  return undefined
}
