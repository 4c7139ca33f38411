import { z } from 'zod'
import { payment } from './payments.ts'
import {
  channelIdText,
  height,
  msatText,
  nodeIdText,
  outPoint,
  paymentHashText,
  satText,
  time,
  txidText,
  wholeText,
} from './values.ts'

// What the node tells, each as one flat object. `id` is its number in the durable log: a reader that names the last one it has
// seen misses nothing.

const event = <const Type extends string, Shape extends z.ZodRawShape>(type: Type, id: string, shape: Shape) =>
  z
    .object({ id: z.int().min(1).meta({ description: 'Goes up by one.' }), at: time, type: z.literal(type), ...shape })
    .meta({ id })

const aboutChannel = { channelId: channelIdText, peer: nodeIdText }

export const nodeEvent = z
  .discriminatedUnion('type', [
    event('payment_received', 'PaymentReceivedEvent', { payment }),
    event('payment_sent', 'PaymentSentEvent', { payment }),
    event('payment_failed', 'PaymentFailedEvent', { payment }),
    event('payment_changed', 'PaymentChangedEvent', { payment }),
    event('payment_held', 'PaymentHeldEvent', {
      paymentHash: paymentHashText,
      amountMsat: msatText,
      invoice: z.string(),
      cancelledAtHeight: height,
    }),
    event('hold_cancelled', 'HoldCancelledEvent', {
      paymentHash: paymentHashText,
      amountMsat: msatText,
      cause: z.enum(['asked', 'deadline']),
    }),
    event('payment_forwarded', 'PaymentForwardedEvent', {
      paymentHash: paymentHashText,
      from: nodeIdText,
      to: nodeIdText,
      amountMsat: msatText,
      feeMsat: msatText,
    }),
    event('channel_state', 'ChannelStateEvent', {
      ...aboutChannel,
      from: z.string(),
      to: z.string(),
      reason: z.string().optional(),
    }),
    event('channel_onchain', 'ChannelOnchainEvent', { ...aboutChannel, kind: z.string(), sentence: z.string() }),
    event('peer_said', 'PeerSaidEvent', { ...aboutChannel, kind: z.enum(['error', 'warning']), text: z.string() }),
    event('peer_connected', 'PeerConnectedEvent', { peer: nodeIdText }),
    event('peer_disconnected', 'PeerDisconnectedEvent', { peer: nodeIdText }),
    event('channels_unknown', 'ChannelsUnknownEvent', {
      peer: nodeIdText,
      count: z.int().min(1),
      createdAt: time,
    }),
    event('coin_received', 'CoinReceivedEvent', { outpoint: outPoint, amountSat: satText, height }),
    event('transaction_confirmed', 'TransactionConfirmedEvent', { txid: txidText, height }),
    event('transaction_conflicted', 'TransactionConflictedEvent', { txid: txidText, by: txidText, height }),
    event('transaction_given_up', 'TransactionGivenUpEvent', { txid: txidText }),
  ])
  .meta({ id: 'Event' })
export type EventJson = z.infer<typeof nodeEvent>

const eventNumber = wholeText('the number of an event', { min: 0, max: Number.MAX_SAFE_INTEGER })
export const eventsQuery = z.strictObject({
  after: eventNumber.optional().meta({ description: 'All events after this one, and then what comes.' }),
})
export const eventsHeaders = z.object({
  'Last-Event-ID': eventNumber.optional().meta({ description: 'The same as `after`, and stronger.' }),
})
