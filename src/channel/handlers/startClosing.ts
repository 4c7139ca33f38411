import { isSettled, republishMutualClose } from '../closing.ts'
import type { Done } from '../outcome.ts'
import { isShutdownScript } from '../shutdownScript.ts'
import type { ChannelContext, FundedChannel } from '../types.ts'
import { startSimpleClose } from './closingComplete.ts'
import { startLegacyClose } from './closingSigned.ts'
import { maybeSendShutdown } from './sendShutdown.ts'
import { withDurable } from './withDurable.ts'

/**
 * What the close can do now that it could not do before: send our `shutdown`, start the negotiation, or both. Called after each
 * step of a funded channel, and leaves it as it is where nothing is due. Cost: constant.
 */
export function advanceClosing(channel: FundedChannel, context: ChannelContext): Done {
  const sent = maybeSendShutdown(channel, context) ?? { next: channel, effects: [] }
  const started = maybeStartClosing(sent.next, context)
  if (started === undefined) return sent
  return { next: started.next, effects: [...sent.effects, ...started.effects] }
}

/**
 * Starts the negotiation once both `shutdown`s are exchanged on this connection and nothing is in flight (BOLT 2, closing
 * negotiation). Also after a reconnection, when both sides have said `shutdown` again, since a negotiation starts anew then; what
 * was agreed before is published again.
 */
export function maybeStartClosing(channel: FundedChannel, context: ChannelContext): Done | undefined {
  const { durable, session } = channel
  const { phase, shutdown } = durable
  if (phase.type !== 'shutting_down' && phase.type !== 'negotiating') return undefined
  if (session.connection !== 'connected' || session.closing?.type !== 'shutdown_received') return undefined
  if (shutdown.local === undefined || shutdown.remote === undefined || !isSettled(durable)) return undefined
  // The features may have changed with the connection: an OP_RETURN script in a legacy close would burn our balance.
  if (!isShutdownScript(shutdown.local, session.negotiated)) return undefined
  const next =
    phase.type === 'negotiating' ? channel : withDurable(channel, { ...durable, phase: { type: 'negotiating' } })
  const started = session.negotiated.simpleClose ? startSimpleClose(next, context) : startLegacyClose(next, context)
  return { next: started.next, effects: [...republishMutualClose(durable), ...started.effects] }
}
