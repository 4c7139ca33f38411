import { bytesEqual, toHex } from '../../base/index.ts'
import type { Shutdown } from '../../wire/index.ts'
import { withClosingSession } from '../closing.ts'
import { closeConnection, done, type Facts, type Outcome, reject, warn } from '../outcome.ts'
import { isShutdownScript } from '../shutdownScript.ts'
import type { ChannelCommand, ChannelContext, ChannelDurable, ChannelPhase, FundedChannel } from '../types.ts'
import { bumpClose } from './bumpClose.ts'
import { boundsComplaint } from './feerateBounds.ts'
import { upfrontScript } from './sendShutdown.ts'
import { formFacts, scriptComplaint, scriptText } from './shutdownScriptComplaint.ts'
import { withDurable } from './withDurable.ts'

type ShutdownCommand = Extract<ChannelCommand, { type: 'shutdown' }>

const SENDER = 'BOLT 2, shutdown, sender'
const RECEIVER = 'BOLT 2, shutdown, receiver'

/**
 * The user wants to close. The wish is durable at once and no HTLC is added any more; the `shutdown` itself follows in the
 * same step, or as soon as the peer is there, our updates are signed and the funding is confirmed (`maybeSendShutdown`).
 * Rejects a second wish, but for another feerate, and a script that may not be.
 */
export function shutdownCommand(channel: FundedChannel, command: ShutdownCommand, context: ChannelContext): Outcome {
  const { durable, session } = channel
  const { phase, params, shutdown } = durable
  if (phase.type === 'closing' || phase.type === 'closed') {
    return reject({
      code: 'channel_is_closing',
      expected: 'a channel whose end on chain has not begun',
      got: `one that is ${phase.type}: ${phase.cause.reason}`,
      section: SENDER,
    })
  }
  const { feeratePerKw } = command
  const unusual = feeratePerKw === undefined ? undefined : boundsComplaint(feeratePerKw, context, SENDER)
  if (unusual !== undefined) return reject(unusual)
  if (shutdown.local !== undefined || shutdown.requested !== undefined) {
    return shutdownAgain(channel, command, context)
  }
  const upfront = upfrontScript(params, 'local')
  const script = command.script ?? upfront ?? context.shutdownScript
  const complaint = scriptComplaint({ script, upfront, negotiated: session.negotiated }, SENDER)
  if (complaint !== undefined) return reject(complaint)
  const next = { ...durable, phase: shuttingDown(phase), shutdown: { ...shutdown, requested: script } }
  return done(withDurable(channel, { ...next, ...feerateOf(command) }))
}

/** Where nothing is offered yet, the offer will be at the new feerate; else there is another one. */
function shutdownAgain(channel: FundedChannel, command: ShutdownCommand, context: ChannelContext): Outcome {
  const { feeratePerKw, script } = command
  if (feeratePerKw === undefined) {
    return reject({
      code: 'shutdown_already_requested',
      expected: 'one shutdown; with option_simple_close the script can be changed by raising the fee of the close',
      got: 'a second one',
      section: SENDER,
    })
  }
  const { closing } = channel.session
  const next = withDurable(channel, { ...channel.durable, ...feerateOf(command) })
  if (closing?.type !== 'simple' && closing?.type !== 'legacy') return done(next)
  return bumpClose(next, { type: 'bump_close', feeratePerKw, ...(script !== undefined && { script }) }, context)
}

function feerateOf({ feeratePerKw }: ShutdownCommand): Pick<ChannelDurable, 'closeFeeratePerKw'> {
  return feeratePerKw === undefined ? {} : { closeFeeratePerKw: feeratePerKw }
}

/**
 * shutdown, received: no new HTLCs from either side. Our own follows in the same step, or once our updates are signed. The
 * peer says it again after a reconnection, with option_simple_close perhaps with another script.
 */
export function shutdownMessage(channel: FundedChannel, message: Shutdown): Outcome {
  const { durable, session } = channel
  const { params, shutdown } = durable
  const script = message.scriptpubkey
  const { negotiated } = session
  if (!isShutdownScript(script, negotiated)) return warn(formFacts(script, RECEIVER))
  const complaint =
    scriptComplaint({ script, upfront: upfrontScript(params, 'remote'), negotiated }, RECEIVER) ??
    changeComplaint(channel, script) ??
    unsignedComplaint(durable)
  if (complaint !== undefined) return closeConnection(complaint)
  const received = withDurable(channel, {
    ...durable,
    phase: shuttingDown(durable.phase),
    shutdown: { ...shutdown, remote: script },
  })
  return done(withClosingSession(received, session.closing ?? { type: 'shutdown_received' }))
}

/** While the funding is unconfirmed the channel keeps its phase, so that the funding transaction is still looked after. */
function shuttingDown(phase: ChannelPhase): ChannelPhase {
  const begins = phase.type === 'normal' || phase.type === 'wait_for_channel_ready'
  return begins ? { type: 'shutting_down' } : phase
}

function changeComplaint({ durable, session }: FundedChannel, script: Uint8Array): Facts | undefined {
  const { remote } = durable.shutdown
  if (remote === undefined || bytesEqual(script, remote) || session.negotiated.simpleClose) return undefined
  return {
    code: 'shutdown_script_changed',
    expected: `the script of the first shutdown, ${toHex(remote)}`,
    got: scriptText(script),
    section: SENDER,
  }
}

/** The peer signs for its additions and fee changes before its `shutdown`; a reconnection drops those that it did not sign. */
function unsignedComplaint({ htlcs, feeUpdates, params }: ChannelDurable): Facts | undefined {
  const adds = htlcs.filter(htlc => htlc.offeredBy === 'remote' && htlc.added === 'proposed').length
  const fees = params.role === 'accepter' ? feeUpdates.filter(update => update.stage === 'proposed').length : 0
  if (adds + fees === 0) return undefined
  return {
    code: 'shutdown_with_unsigned_updates',
    expected: 'a commitment_signed for all updates before the shutdown',
    got: `${adds} HTLCs and ${fees} fee changes that no signature covers`,
    section: SENDER,
  }
}
