import type { FeeratePerKw, Msat } from '../../base/index.ts'
import type { UpdateFee } from '../../wire/index.ts'
import { type CommitmentContents, commitmentContents } from '../contents.ts'
import { dustExposureMsat, isOpener, openerCostMsat, shortfallMsat } from '../cost.ts'
import { closeConnection, done, type Facts, type Outcome, reject } from '../outcome.ts'
import type { ChannelCommand, ChannelContext, ChannelDurable, ChannelParams, FundedChannel, Party } from '../types.ts'
import { boundsComplaint } from './feerateBounds.ts'
import { withDurable } from './withDurable.ts'

// update_fee, from either side: our command and the peer's message are held to the same rules.

type FeeCommand = Extract<ChannelCommand, { type: 'update_fee' }>

export function updateFeeCommand(channel: FundedChannel, command: FeeCommand, context: ChannelContext): Outcome {
  const { durable } = channel
  const complaint = feeComplaint(durable, command.feeratePerKw, 'local', context)
  if (complaint !== undefined) return reject(complaint)
  const { feeratePerKw } = command
  const next: ChannelDurable = {
    ...withFee(durable, feeratePerKw),
    proposed: [...durable.proposed, { type: 'fee', feeratePerKw }],
  }
  return done(withDurable(channel, next), [
    { type: 'send', message: { type: 'update_fee', channelId: durable.params.channelId, feeratePerKw } },
  ])
}

export function updateFee(channel: FundedChannel, message: UpdateFee, context: ChannelContext): Outcome {
  const complaint = feeComplaint(channel.durable, message.feeratePerKw, 'remote', context)
  if (complaint !== undefined) return closeConnection(complaint)
  return done(withDurable(channel, withFee(channel.durable, message.feeratePerKw)))
}

/** A newer change replaces one that no commitment covers yet: only the last of a batch can matter. */
function withFee(durable: ChannelDurable, feeratePerKw: FeeratePerKw): ChannelDurable {
  const kept = durable.feeUpdates.filter(update => update.stage !== 'proposed')
  return { ...durable, feeUpdates: [...kept, { feeratePerKw, stage: 'proposed' }] }
}

/** What is wrong with a feerate that `sender` asks for: nothing where it may. */
export function feeComplaint(
  durable: ChannelDurable,
  feeratePerKw: FeeratePerKw,
  sender: Party,
  context: Pick<ChannelContext, 'limits'>,
): Facts | undefined {
  const { params } = durable
  const section = `BOLT 2, update_fee, ${sender === 'local' ? 'sender' : 'receiver'}`
  if (!isOpener(params, sender)) {
    return {
      code: 'fee_update_by_accepter',
      expected: 'update_fee from the opener only',
      got: 'one from the accepter',
      section,
    }
  }
  if (isPastLastUpdate(durable, sender)) {
    return {
      code: 'update_after_shutdown',
      expected: 'no update once the channel is being closed and empty',
      got: 'update_fee',
      section: 'BOLT 2, shutdown',
    }
  }
  return (
    boundsComplaint(feeratePerKw, context, section) ?? affordComplaint(durable, feeratePerKw, sender, context, section)
  )
}

/**
 * After a shutdown no update follows the last HTLC (BOLT 2, shutdown, sender). Of our own HTLC whose removal we have signed
 * back, only the peer's revocation is missing: once that is sent, the peer has begun to negotiate the close.
 */
function isPastLastUpdate({ htlcs, shutdown }: ChannelDurable, sender: Party): boolean {
  if (sender === 'local') return shutdown.local !== undefined && htlcs.every(htlc => htlc.removed === 'countersigned')
  return htlcs.length === 0 && shutdown.local !== undefined && shutdown.remote !== undefined
}

function affordComplaint(
  durable: ChannelDurable,
  feeratePerKw: FeeratePerKw,
  sender: Party,
  context: Pick<ChannelContext, 'limits'>,
  section: string,
): Facts | undefined {
  const { params } = durable
  const receiver: Party = sender === 'local' ? 'remote' : 'local'
  const before = commitmentContents(durable, receiver, 'next')
  const contents = { ...before, feeratePerKw }
  const lacking = shortfallMsat(params, contents, { party: sender, holder: receiver })
  if (lacking > 0n) {
    return {
      code: 'cannot_afford_feerate',
      expected: 'the opener to pay the fee and to keep its channel reserve',
      got: `${feeratePerKw} sat per 1000 weight, which leaves it ${lacking} msat short`,
      section,
    }
  }
  const { maxCommitmentFeePartsPerMillion, maxDustHtlcExposureMsat } = context.limits
  const cost = openerCostMsat(params, receiver, contents)
  if (cost * 1_000_000n > params.fundingAmountSat * 1000n * BigInt(maxCommitmentFeePartsPerMillion)) {
    return {
      code: 'fee_share_too_large',
      expected: `a commitment fee of at most ${maxCommitmentFeePartsPerMillion / 10_000} % of the capacity`,
      got: `${cost} msat of ${params.fundingAmountSat} sat`,
      section,
    }
  }
  return feeratePerKw > before.feeratePerKw
    ? dustComplaint(params, contents, maxDustHtlcExposureMsat, section)
    : undefined
}

/** Without anchors a rise makes dust of HTLCs that had outputs (BOLT 2, update_fee). */
function dustComplaint(
  params: ChannelParams,
  contents: CommitmentContents,
  maxMsat: Msat,
  section: string,
): Facts | undefined {
  if (params.format !== 'static_remotekey') return undefined
  for (const holder of ['local', 'remote'] as const) {
    const exposure = dustExposureMsat(params, holder, contents)
    if (exposure > maxMsat) {
      return {
        code: 'dust_exposure',
        expected: `at most ${maxMsat} msat in HTLCs too small for the chain at this feerate`,
        got: `${exposure} msat at ${contents.feeratePerKw} sat per 1000 weight`,
        section,
      }
    }
  }
  return undefined
}
