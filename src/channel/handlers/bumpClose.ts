import { closingParties } from '../closing.ts'
import { highestFeeSat, replacementFeeSat, wantedFeeSat } from '../closingProposal.ts'
import { done, type Facts, type Outcome, reject } from '../outcome.ts'
import type { ChannelCommand, ChannelContext, FundedChannel } from '../types.ts'
import { offerClosing } from './closingComplete.ts'
import { upfrontScript } from './sendShutdown.ts'
import { scriptComplaint } from './shutdownScriptComplaint.ts'

type BumpCommand = Extract<ChannelCommand, { type: 'bump_close' }>

const SECTION = 'BOLT 2, closing_complete, sender'

/**
 * Offers the close again, at a higher feerate or to another script (option_simple_close). It has to replace every mutual close
 * that there is, also one that the peer pays for; either side may do it. Rejected while an offer of ours is unanswered.
 */
export function bumpClose(channel: FundedChannel, command: BumpCommand, context: ChannelContext): Outcome {
  const { durable, session } = channel
  const complaint = stateComplaint(channel)
  if (complaint !== undefined) return reject(complaint)
  const script = command.script ?? closingParties(durable).local.script
  const upfront = upfrontScript(durable.params, 'local')
  const notAllowed = scriptComplaint({ script, upfront, negotiated: session.negotiated }, SECTION)
  if (notAllowed !== undefined) return reject(notAllowed)
  const feeSat = wantedFeeSat(durable, script, command.feeratePerKw)
  const least = replacementFeeSat(durable, script)
  const highest = highestFeeSat(durable, script)
  const offered = feeSat < least || feeSat > highest ? undefined : offerClosing(channel, { script, feeSat }, context)
  if (offered !== undefined) return done(offered.next, offered.effects)
  return reject({
    code: feeSat >= least && feeSat > highest ? 'closing_fee_too_high' : 'closing_fee_too_low',
    expected: `a fee of at least ${least} sat, to replace the closing transactions there are, and at most ${highest} sat`,
    got: `${feeSat} sat at ${command.feeratePerKw} sat per 1000 weight`,
    section: SECTION,
  })
}

function stateComplaint({ state, session }: FundedChannel): Facts | undefined {
  const { closing } = session
  if (state !== 'negotiating' || closing?.type !== 'simple') {
    return {
      code: 'no_simple_close',
      expected: 'a close that is being negotiated with option_simple_close, with the peer connected',
      got: `state ${state}, negotiating: ${closing?.type ?? 'nothing'}`,
      section: SECTION,
    }
  }
  if (closing.pending === undefined) return undefined
  return {
    code: 'closing_sig_awaited',
    expected: 'the closing_sig for our last closing_complete first; if it does not come, connect anew',
    got: `an offer of ${closing.pending.feeSat} sat that is not answered`,
    section: SECTION,
  }
}
