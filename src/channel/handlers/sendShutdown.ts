import type { ClosingStep } from '../closing.ts'
import type { ChannelContext, ChannelParams, ChannelPhase, FundedChannel, Party, ShutdownScripts } from '../types.ts'
import { withDurable } from './withDurable.ts'

/**
 * Our `shutdown`, asked for by the user or owed as a reply, as soon as it may go out: connected, with the funding confirmed, and
 * with every update of ours covered by a `commitment_signed` (BOLT 2, shutdown, sender). So it is looked at again after each step.
 */
export function maybeSendShutdown(channel: FundedChannel, context: ChannelContext): ClosingStep | undefined {
  const { durable, session } = channel
  const { params, phase, shutdown } = durable
  if (shutdown.local !== undefined || session.connection !== 'connected') return undefined
  if (!maySendShutdown(phase) || durable.proposed.length > 0) return undefined
  const script = shutdown.requested ?? replyScript(params, shutdown, context)
  if (script === undefined) return undefined
  const { requested: _sentNow, ...others } = shutdown
  const next = withDurable(channel, {
    ...durable,
    phase: { type: 'shutting_down' },
    shutdown: { ...others, local: script },
  })
  const message = { type: 'shutdown', channelId: params.channelId, scriptpubkey: script } as const
  return { next, effects: [{ type: 'send', message }] }
}

/** The script that one side promised in `open_channel` or `accept_channel`; an empty one promises nothing. */
export function upfrontScript(params: ChannelParams, party: Party): Uint8Array | undefined {
  const script = params[party].upfrontShutdownScript
  return script === undefined || script.length === 0 ? undefined : script
}

/**
 * Not before our `channel_ready`: until then a reply is optional (BOLT 2, shutdown, receiver), and a close could not confirm
 * before the funding does.
 */
function maySendShutdown({ type }: ChannelPhase): boolean {
  return type === 'wait_for_channel_ready' || type === 'normal' || type === 'shutting_down'
}

function replyScript(
  params: ChannelParams,
  { remote }: ShutdownScripts,
  context: ChannelContext,
): Uint8Array | undefined {
  return remote === undefined ? undefined : (upfrontScript(params, 'local') ?? context.shutdownScript)
}
