import { defined, msatToSat, type Sat, unreachable } from '../../base/index.ts'
import { txid } from '../../bitcoin/index.ts'
import { buildClosingTx, buildLegacyClosingTx, type ClosingTx, signClosing } from '../../commitment/index.ts'
import type { ClosingSigned } from '../../wire/index.ts'
import {
  type ClosingStep,
  closingFunding,
  closingParties,
  completeClosing,
  isDustOutput,
  isSignedByPeer,
  withClosingSession,
} from '../closing.ts'
import { decideFee, type FeeRange, ownFees } from '../closingFee.ts'
import { closeConnection, type Done, done, type Facts, failChannel, type Outcome } from '../outcome.ts'
import type { ChannelContext, ChannelDurable, ChannelEffect, ClosingSession, FundedChannel } from '../types.ts'
import { failFunded } from './failChannel.ts'

// The legacy closing negotiation (BOLT 2): one transaction, paid for by the opener, whose fee both sides agree on.
//
//     opener                                   accepter
//       |--- closing_signed(fee, fee_range) --->|
//       |<-- closing_signed(a fee in range) ----|   the same: both publish. Another one:
//       |--- closing_signed(the same) --------->|   both publish
//
// The session stays after the agreement: the peer may ask for the same fee again.

type LegacySession = Extract<ClosingSession, { type: 'legacy' }>

const SECTION = 'BOLT 2, closing_signed, receiver'
/** BOLT 3, legacy closing transaction. */
const FINAL_SEQUENCE = 0xffffffff

/** The opener speaks first, the accepter waits. Two balances that are dust at any fee cannot be closed in this way. */
export function startLegacyClose(channel: FundedChannel, context: ChannelContext): Done {
  const { durable } = channel
  const fees = ownFees(durable, context)
  if (fees === undefined) {
    const reason = 'no closing transaction is possible: both outputs would be dust (BOLT 3, legacy closing transaction)'
    return failFunded(channel, { kind: 'protocol_failure', reason, mayPublishCommitment: true }, context)
  }
  const { minFeeSat, maxFeeSat, idealFeeSat } = fees
  const session: LegacySession = { type: 'legacy', minFeeSat, maxFeeSat }
  if (durable.params.role === 'accepter') return { next: withClosingSession(channel, session), effects: [] }
  return propose(channel, session, idealFeeSat, context)
}

/** closing_signed, received. Cost: up to four verifications, one for each form that the transaction may have. */
export function closingSigned(channel: FundedChannel, message: ClosingSigned, context: ChannelContext): Outcome {
  const { durable, session } = channel
  const { feeSatoshis: feeSat, signature, feeRange } = message
  const { closing } = session
  if (durable.phase.type !== 'negotiating' || closing?.type !== 'legacy') {
    return closeConnection({
      code: 'unexpected_closing_signed',
      expected: 'closing_signed after both shutdowns, with nothing in flight and without option_simple_close',
      got: `one in state ${channel.state}, negotiating: ${closing?.type ?? 'nothing'}`,
      section: SECTION,
    })
  }
  const signed = findSigned(durable, feeSat, signature)
  if (signed === undefined) return closeConnection(unsignedFacts(durable, feeSat))
  if (signed.tx.outputs.some(isDustOutput)) {
    return failChannel({
      code: 'closing_output_dust',
      expected: 'outputs that are at least the dust limit of their script',
      got: `outputs of ${signed.tx.outputs.map(output => output.amountSat).join(' and ')} sat`,
      section: SECTION,
    })
  }
  const own = { ...defined(ownFees(durable, context), 'one output is not dust'), ...rangeOf(closing) }
  const { lastSentSat, lastReceivedSat } = closing
  const peerRange = feeRange && { minFeeSat: feeRange.minFeeSatoshis, maxFeeSat: feeRange.maxFeeSatoshis }
  const { role } = durable.params
  const decision = decideFee({ role, own, lastSentSat, lastReceivedSat, feeSat, peerRange })
  if (!decision.ok) return decision
  const heard: LegacySession = { ...closing, lastReceivedSat: feeSat }
  switch (decision.value.type) {
    case 'agree': {
      const { next, effects } = agree(channel, heard, { closing: signed, feeSat, signature }, context)
      return done(next, effects)
    }
    case 'propose': {
      const { next, effects } = propose(channel, heard, decision.value.feeSat, context)
      return done(next, effects)
    }
    default:
      return unreachable(decision.value)
  }
}

function agree(
  channel: FundedChannel,
  session: LegacySession,
  signed: { readonly closing: ClosingTx; readonly feeSat: Sat; readonly signature: Uint8Array },
  context: ChannelContext,
): ClosingStep {
  const { closing, feeSat, signature } = signed
  const { next, effects, ours } = completeClosing(channel, closing, signature, context)
  const isNew = feeSat !== session.lastSentSat
  return {
    next: withClosingSession(next, { ...session, lastSentSat: feeSat }),
    effects: isNew ? [...effects, message(channel, session, feeSat, ours)] : effects,
  }
}

function propose(channel: FundedChannel, session: LegacySession, feeSat: Sat, context: ChannelContext): ClosingStep {
  const { durable } = channel
  const built = legacyTx(durable, feeSat, durable.params.local.dustLimitSat)
  const closing = defined(built, 'every fee that we allow leaves an output')
  const signature = signClosing(closing, context.secrets.fundingSecret)
  return {
    next: withClosingSession(channel, { ...session, lastSentSat: feeSat }),
    effects: [message(channel, session, feeSat, signature)],
  }
}

function message(channel: FundedChannel, session: LegacySession, feeSat: Sat, signature: Uint8Array): ChannelEffect {
  return {
    type: 'send',
    message: {
      type: 'closing_signed',
      channelId: channel.durable.params.channelId,
      feeSatoshis: feeSat,
      signature,
      feeRange: { minFeeSatoshis: session.minFeeSat, maxFeeSatoshis: session.maxFeeSat },
    },
  }
}

function rangeOf({ minFeeSat, maxFeeSat }: LegacySession): FeeRange {
  return { minFeeSat, maxFeeSat }
}

function legacyTx(durable: ChannelDurable, feeSat: Sat, dustLimitSat: Sat, omit?: 'remote'): ClosingTx | undefined {
  const built = buildLegacyClosingTx({
    ...closingParties(durable),
    funding: closingFunding(durable),
    opener: durable.params.role === 'opener' ? 'local' : 'remote',
    feeSat,
    dustLimitSat,
    ...(omit !== undefined && { omit }),
  })
  return built.ok ? built.value : undefined
}

/**
 * The form of the transaction that the peer signed: it leaves out outputs below its own dust limit, and perhaps its own output
 * (BOLT 3, legacy closing transaction). Ours is given up only where it is below one of the two dust limits. A form with dust is
 * recognised too, because the channel has to fail then.
 */
function findSigned(durable: ChannelDurable, feeSat: Sat, signature: Uint8Array): ClosingTx | undefined {
  const { local, remote } = durable.params
  const forms = [
    legacyTx(durable, feeSat, local.dustLimitSat),
    legacyTx(durable, feeSat, remote.dustLimitSat),
    legacyTx(durable, feeSat, local.dustLimitSat, 'remote'),
    untrimmed(durable, feeSat),
  ]
  const distinct = new Map(forms.flatMap(form => (form === undefined ? [] : [[form.txid, form]])))
  for (const form of distinct.values()) {
    if (isSignedByPeer(durable, form, signature)) return form
  }
  return undefined
}

/** With both outputs, whatever they hold. */
function untrimmed(durable: ChannelDurable, feeSat: Sat): ClosingTx | undefined {
  const { local, remote } = closingParties(durable)
  const [closer, closee] = durable.params.role === 'opener' ? [local, remote] : [remote, local]
  const funding = closingFunding(durable)
  const built = buildClosingTx({ funding, variant: 'closer_and_closee_outputs', closer, closee, feeSat, locktime: 0 })
  if (!built.ok) return undefined
  const inputs = built.value.tx.inputs.map(input => ({ ...input, sequence: FINAL_SEQUENCE }))
  const tx = { ...built.value.tx, inputs }
  return { ...built.value, tx, txid: txid(tx) }
}

function unsignedFacts({ params, settled }: ChannelDurable, feeSat: Sat): Facts {
  const balance = msatToSat(params.role === 'opener' ? settled.localMsat : settled.remoteMsat)
  if (feeSat > balance) {
    return {
      code: 'closing_fee_above_balance',
      expected: `a fee of at most ${balance} sat, the balance of the opener`,
      got: `${feeSat} sat`,
      section: SECTION,
    }
  }
  return {
    code: 'invalid_closing_signature',
    expected: `a valid low-S signature for a closing transaction with a fee of ${feeSat} sat, in either of its forms`,
    got: 'one that is not',
    section: SECTION,
  }
}
