import { assert, bytesEqual, msatToSat, type Sat, toHex } from '../../base/index.ts'
import {
  buildClosingTx,
  type ClosingParty,
  type ClosingTx,
  type ClosingVariant,
  signClosing,
} from '../../commitment/index.ts'
import type { ClosingComplete, ClosingSig } from '../../wire/index.ts'
import {
  type ClosingStep,
  closingFunding,
  closingParties,
  completeClosing,
  isDustOutput,
  isSignedByPeer,
  outputSat,
  withClosingSession,
} from '../closing.ts'
import { smaller } from '../closingFee.ts'
import { highestFeeSat, offeredVariants, wantedFeeSat } from '../closingProposal.ts'
import { closeConnection, done, type Facts, type Outcome } from '../outcome.ts'
import type { ChannelContext, ChannelDurable, ClosingProposal, FundedChannel } from '../types.ts'
import { upfrontScript } from './sendShutdown.ts'
import { scriptComplaint } from './shutdownScriptComplaint.ts'
import { withDurable } from './withDurable.ts'

// option_simple_close (BOLT 2): each side offers the transaction that it pays for, and the other only signs it. So there may be
// two, which conflict; the one that pays more confirms.
//
//     closer                                             closee
//       |--- closing_complete(scripts, fee, locktime) ----->|   signs, publishes
//       |<-- closing_sig(the same, one signature) ----------|
//       publishes

/** The signature field of each variant. */
export const SIGNATURE_FIELD = {
  closer_output_only: 'closerOutputOnly',
  closee_output_only: 'closeeOutputOnly',
  closer_and_closee_outputs: 'closerAndCloseeOutputs',
} as const satisfies Record<ClosingVariant, keyof ClosingComplete>

const SECTION = 'BOLT 2, closing_complete, receiver'

/** Our first offer, at the feerate that our user wants or that we would choose now. A side that cannot pay for a transaction waits for the peer's. */
export function startSimpleClose(channel: FundedChannel, context: ChannelContext): ClosingStep {
  const started = withClosingSession(channel, { type: 'simple' })
  const { durable } = channel
  const { script } = closingParties(durable).local
  const feeratePerKw = durable.closeFeeratePerKw ?? context.feerates.mutualClose
  const feeSat = smaller(wantedFeeSat(durable, script, feeratePerKw), highestFeeSat(durable, script))
  return offerClosing(started, { script, feeSat }, context) ?? { next: started, effects: [] }
}

/** Sends `closing_complete`; `undefined` where there is nothing to pay with or no form that would be relayed. */
export function offerClosing(
  channel: FundedChannel,
  { script, feeSat }: { readonly script: Uint8Array; readonly feeSat: Sat },
  context: ChannelContext,
): ClosingStep | undefined {
  const durable: ChannelDurable = { ...channel.durable, shutdown: { ...channel.durable.shutdown, local: script } }
  const { local, remote } = closingParties(durable)
  const variants = offeredVariants({ closer: local, closee: remote, feeSat })
  if (feeSat === 0n || variants.length === 0) return undefined
  // Not to be mined before the next block: so an old block cannot be mined again for its fee.
  const proposal: ClosingProposal = {
    closerScript: local.script,
    closeeScript: remote.script,
    feeSat,
    locktime: context.height,
    variants,
  }
  const signatures = variants.map(variant => {
    const closing = proposedTx(durable, proposal, variant)
    return [SIGNATURE_FIELD[variant], signClosing(closing, context.secrets.fundingSecret)] as const
  })
  const message: ClosingComplete = {
    type: 'closing_complete',
    channelId: durable.params.channelId,
    ...proposalFields(proposal),
    ...Object.fromEntries(signatures),
  }
  const next = withClosingSession(withDurable(channel, durable), { type: 'simple', pending: proposal })
  return { next, effects: [{ type: 'send', message }] }
}

/** One form of the transaction that we offered. */
export function proposedTx(durable: ChannelDurable, proposal: ClosingProposal, variant: ClosingVariant): ClosingTx {
  const { localMsat, remoteMsat } = durable.settled
  return simpleTx(durable, {
    closer: { amountMsat: localMsat, script: proposal.closerScript },
    closee: { amountMsat: remoteMsat, script: proposal.closeeScript },
    feeSat: proposal.feeSat,
    locktime: proposal.locktime,
    variant,
  })
}

export function proposalFields(
  proposal: ClosingProposal,
): Pick<ClosingSig, 'closerScriptpubkey' | 'closeeScriptpubkey' | 'feeSatoshis' | 'locktime'> {
  return {
    closerScriptpubkey: proposal.closerScript,
    closeeScriptpubkey: proposal.closeeScript,
    feeSatoshis: proposal.feeSat,
    locktime: proposal.locktime,
  }
}

/** closing_complete, received: the peer pays, so we sign what is right, publish it and send the signature back. */
export function closingComplete(channel: FundedChannel, message: ClosingComplete, context: ChannelContext): Outcome {
  const { durable } = channel
  const complaint = stateComplaint(channel) ?? termsComplaint(channel, message)
  if (complaint !== undefined) return closeConnection(complaint)
  const script = message.closerScriptpubkey
  const heard = withDurable(channel, { ...durable, shutdown: { ...durable.shutdown, remote: script } })
  const { local, remote } = closingParties(heard.durable)
  const variant = chooseVariant(message, local)
  const theirs = message[SIGNATURE_FIELD[variant]]
  if (theirs === undefined) {
    return closeConnection({
      code: 'closing_signature_missing',
      expected: `a signature in ${variant}, since our output holds ${outputSat(local)} sat`,
      got: `signatures in ${signedVariants(message).join(', ') || 'no field'}`,
      section: SECTION,
    })
  }
  const { feeSatoshis: feeSat, locktime } = message
  const closing = simpleTx(heard.durable, { closer: remote, closee: local, feeSat, locktime, variant })
  if (!isSignedByPeer(durable, closing, theirs)) {
    return closeConnection(invalidSignature(variant, closing, SECTION))
  }
  const { next, effects, ours } = completeClosing(heard, closing, theirs, context)
  const { closerScriptpubkey, closeeScriptpubkey, channelId } = message
  const terms = { channelId, closerScriptpubkey, closeeScriptpubkey, feeSatoshis: feeSat, locktime }
  const answer: ClosingSig = { type: 'closing_sig', ...terms, [SIGNATURE_FIELD[variant]]: ours }
  return done(next, [...effects, { type: 'send', message: answer }])
}

export function invalidSignature(variant: ClosingVariant, closing: ClosingTx, section: string): Facts {
  return {
    code: 'invalid_closing_signature',
    expected: `a valid low-S signature in ${variant} for the closing transaction ${closing.txid}`,
    got: 'one that is not',
    section,
  }
}

/** The variants that a message holds signatures for. */
export function signedVariants(message: ClosingComplete | ClosingSig): readonly ClosingVariant[] {
  return (['closer_output_only', 'closee_output_only', 'closer_and_closee_outputs'] as const).filter(
    variant => message[SIGNATURE_FIELD[variant]] !== undefined,
  )
}

/** As the closee. We never call an output above dust uneconomical. */
function chooseVariant(message: ClosingComplete, local: ClosingParty): ClosingVariant {
  if (isDustOutput({ amountSat: outputSat(local), script: local.script })) return 'closer_output_only'
  return message.closerAndCloseeOutputs === undefined ? 'closee_output_only' : 'closer_and_closee_outputs'
}

function stateComplaint({ state, session }: FundedChannel): Facts | undefined {
  if (state === 'negotiating' && session.closing?.type === 'simple') return undefined
  return {
    code: 'unexpected_closing_complete',
    expected: 'closing_complete after both shutdowns, with nothing in flight and with option_simple_close',
    got: `one in state ${state}, negotiating: ${session.closing?.type ?? 'nothing'}`,
    section: SECTION,
  }
}

function termsComplaint({ durable, session }: FundedChannel, message: ClosingComplete): Facts | undefined {
  const { local } = closingParties(durable)
  const balance = msatToSat(durable.settled.remoteMsat)
  if (message.feeSatoshis > balance) {
    return {
      code: 'closing_fee_above_balance',
      expected: `a fee of at most ${balance} sat, the balance of the closer`,
      got: `${message.feeSatoshis} sat`,
      section: SECTION,
    }
  }
  if (!bytesEqual(message.closeeScriptpubkey, local.script)) {
    return {
      code: 'closee_script_mismatch',
      expected: `the script that we said last, ${toHex(local.script)}: after a reconnection both sides say theirs again`,
      got: toHex(message.closeeScriptpubkey),
      section: SECTION,
    }
  }
  const upfront = upfrontScript(durable.params, 'remote')
  return scriptComplaint({ script: message.closerScriptpubkey, upfront, negotiated: session.negotiated }, SECTION)
}

function simpleTx(
  durable: ChannelDurable,
  terms: {
    readonly closer: ClosingParty
    readonly closee: ClosingParty
    readonly feeSat: Sat
    readonly locktime: number
    readonly variant: ClosingVariant
  },
): ClosingTx {
  const built = buildClosingTx({ funding: closingFunding(durable), ...terms })
  assert(built.ok, 'the fee is at most the balance of the closer')
  return built.value
}
